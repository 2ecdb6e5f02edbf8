using Attune.Models.Heads;
using Attune.Models.Layers;

namespace Attune.Models.Families;

/// <summary>DistilBERT: half of BERT's layers and no token types. Sanh et al. 2019, https://arxiv.org/abs/1910.01108</summary>
static class DistilBert
{
    const double NormEpsilon = 1e-12;

    static readonly EncoderNames Names = new()
    {
        Blocks = "transformer.layer",
        Query = "attention.q_lin",
        Key = "attention.k_lin",
        Value = "attention.v_lin",
        AttentionOutput = "attention.out_lin",
        AttentionNorm = "sa_layer_norm",
        Expand = "ffn.lin1",
        Contract = "ffn.lin2",
        OutputNorm = "output_layer_norm",
    };

    static readonly MaskedOutputNames Output = new("vocab_transform", "vocab_layer_norm", "vocab_projector", "vocab_projector.bias");

    /// <summary>How checkpoints of DistilBERT are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "distilbert",
        BackboneName = "distilbert",
        LanguageModelClass = "DistilBertForMaskedLM",
        RewardModelClass = "DistilBertForSequenceClassification",
        TokenHeadName = "classifier",
        TiedByDefault = true,
        Backbone = json => new Encoder(Read(json), json.Source),
        OutputHead = (json, backbone, tied) =>
            new MaskedOutputHead(backbone, tied, Output, Activation.Named(ActivationName(json)), NormEpsilon),
        RewardHead = (json, backbone, labels) =>
            new FirstTokenRewardHead(
                backbone.Width, labels, "pre_classifier", "classifier", Activation.Named("relu"),
                json.Probability("seq_classif_dropout", 0.2)),
        IgnoredTensors = ["vocab_*", "*.position_ids"],
        TiedTensors = [("vocab_projector.weight", "distilbert.embeddings.word_embeddings.weight")],
    };

    static EncoderConfig Read(ConfigReader json) => new()
    {
        Names = Names,
        VocabularySize = json.Count("vocab_size", 30522),
        PositionRows = json.Count("max_position_embeddings", 512),
        TokenTypes = 0,
        Width = json.Count("dim", 768),
        Layers = json.Layers("n_layers", 6),
        Heads = json.Count("n_heads", 12),
        InnerWidth = json.Count("hidden_dim", 3072),
        NormEpsilon = NormEpsilon,
        Activation = Activation.Named(ActivationName(json)),
        InitializerRange = json.NotNegative("initializer_range", 0.02),
        HiddenDropout = json.Probability("dropout", 0.1),
        AttentionDropout = json.Probability("attention_dropout", 0.1),
        AttentionOutputDropout = 0,
    };

    static string ActivationName(ConfigReader json) => json.Text("activation", "gelu");
}
