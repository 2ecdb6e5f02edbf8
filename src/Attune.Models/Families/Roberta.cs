using Attune.Models.Heads;
using Attune.Models.Layers;

namespace Attune.Models.Families;

/// <summary>
/// RoBERTa: BERT with positions counted after the padding token's id. Liu et al. 2019, https://arxiv.org/abs/1907.11692
/// </summary>
static class Roberta
{
    static readonly MaskedOutputNames Output = new("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", "lm_head.bias");

    /// <summary>How checkpoints of RoBERTa are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "roberta",
        BackboneName = "roberta",
        LanguageModelClass = "RobertaForMaskedLM",
        RewardModelClass = "RobertaForSequenceClassification",
        TokenHeadName = "classifier",
        TiedByDefault = true,
        Backbone = json => new Encoder(Read(json), json.Source),
        OutputHead = (json, backbone, tied) =>
            new MaskedOutputHead(backbone, tied, Output, Activation.Named("gelu"), Bert.NormEpsilon(json)),
        RewardHead = (json, backbone, labels) =>
            new FirstTokenRewardHead(
                backbone.Width, labels, "classifier.dense", "classifier.out_proj", Activation.Named("tanh"), Bert.ClassifierDropout(json)),
        IgnoredTensors = ["lm_head.*", "roberta.pooler.*", "*.position_ids"],
        TiedTensors =
        [
            ("lm_head.decoder.weight", "roberta.embeddings.word_embeddings.weight"),
            ("lm_head.decoder.bias", "lm_head.bias"),
        ],
    };

    static EncoderConfig Read(ConfigReader json) =>
        Bert.Read(json, vocabulary: 50265, positions: 512, tokenTypes: 2) with { PositionsFromPad = json.Whole("pad_token_id", 1) };
}
