using System.Text.Json.Nodes;
using Attune.Models.Heads;
using Attune.Models.Layers;

namespace Attune.Models.Families;

/// <summary>BERT. Devlin et al. 2019, https://arxiv.org/abs/1810.04805. Names as in its Hugging Face checkpoints.</summary>
static class Bert
{
    static readonly EncoderNames Names = new()
    {
        Blocks = "encoder.layer",
        Query = "attention.self.query",
        Key = "attention.self.key",
        Value = "attention.self.value",
        AttentionOutput = "attention.output.dense",
        AttentionNorm = "attention.output.LayerNorm",
        Expand = "intermediate.dense",
        Contract = "output.dense",
        OutputNorm = "output.LayerNorm",
    };

    static readonly MaskedOutputNames Output =
        new("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.decoder", "cls.predictions.bias");

    /// <summary>How checkpoints of BERT are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "bert",
        BackboneName = "bert",
        LanguageModelClass = "BertForMaskedLM",
        RewardModelClass = "BertForSequenceClassification",
        TokenHeadName = "classifier",
        TiedByDefault = true,
        Backbone = json => new Encoder(Read(json, vocabulary: 30522, positions: 512, tokenTypes: 2), json.Source),
        OutputHead = (json, backbone, tied) =>
            new MaskedOutputHead(backbone, tied, Output, Activation.Named(ActivationName(json)), NormEpsilon(json)),
        RewardHead = (json, backbone, labels) =>
            new FirstTokenRewardHead(
                backbone.Width, labels, "bert.pooler.dense", "classifier", Activation.Named("tanh"), ClassifierDropout(json)),
        IgnoredTensors = ["cls.*", "bert.pooler.*", "*.position_ids"],
        TiedTensors =
        [
            ("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
            ("cls.predictions.decoder.bias", "cls.predictions.bias"),
        ],
        Renamed = [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")],
        NewConfig = NewConfig,
    };

    /// <summary>The settings of a config.json with BERT's keys, which RoBERTa also uses.</summary>
    public static EncoderConfig Read(ConfigReader json, long vocabulary, long positions, long tokenTypes)
    {
        if (json.Text("position_embedding_type", "absolute") is not "absolute" and var kind)
            throw new InvalidDataException($"{json.Source}: position_embedding_type must be absolute (was {kind})");
        if (json.Flag("is_decoder", false))
            throw new InvalidDataException($"{json.Source}: is_decoder must be false: this family is supported as an encoder only");
        return new()
        {
            Names = Names,
            VocabularySize = json.Count("vocab_size", vocabulary),
            PositionRows = json.Count("max_position_embeddings", positions),
            TokenTypes = json.Count("type_vocab_size", tokenTypes),
            Width = json.Count("hidden_size", 768),
            Layers = json.Layers("num_hidden_layers", 12),
            Heads = json.Count("num_attention_heads", 12),
            InnerWidth = json.Count("intermediate_size", 3072),
            NormEpsilon = NormEpsilon(json),
            Activation = Activation.Named(ActivationName(json)),
            InitializerRange = json.NotNegative("initializer_range", 0.02),
            HiddenDropout = HiddenDropout(json),
            AttentionDropout = json.Probability("attention_probs_dropout_prob", 0.1),
            AttentionOutputDropout = HiddenDropout(json),
        };
    }

    public static double NormEpsilon(ConfigReader json) => json.Positive("layer_norm_eps", 1e-12);

    public static double ClassifierDropout(ConfigReader json) => json.Probability("classifier_dropout", HiddenDropout(json));

    static string ActivationName(ConfigReader json) => json.Text("hidden_act", "gelu");

    static double HiddenDropout(ConfigReader json) => json.Probability("hidden_dropout_prob", 0.1);

    static JsonObject NewConfig(ModelShape shape) => new()
    {
        ["num_hidden_layers"] = shape.Layers,
        ["hidden_size"] = shape.Width,
        ["num_attention_heads"] = shape.Heads,
        ["intermediate_size"] = shape.InnerWidth == 0 ? 4 * shape.Width : shape.InnerWidth,
        ["max_position_embeddings"] = shape.Context,
        ["type_vocab_size"] = 2,
        ["hidden_act"] = "gelu",
        ["layer_norm_eps"] = 1e-12,
        ["hidden_dropout_prob"] = shape.Dropout,
        ["attention_probs_dropout_prob"] = shape.Dropout,
    };
}
