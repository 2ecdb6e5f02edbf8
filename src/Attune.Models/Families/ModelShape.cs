using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>The size of a new model with random weights.</summary>
public sealed record ModelShape : IValidatableObject
{
    /// <summary>
    /// gpt2 (learned positions, GELU, tied output), llama (rotary positions, RMS norms, SwiGLU), bert (a masked language model) or t5
    /// (an encoder and a decoder, relative positions, RMS norms, gated GELU).
    /// </summary>
    public string Family { get; init; } = "gpt2";

    /// <summary>Layers of attention and MLP; for t5 in the encoder and in the decoder each.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Layers { get; init; } = 4;

    /// <summary>Channels of a hidden state; a multiple of heads.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Width { get; init; } = 256;

    /// <summary>Attention heads.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Heads { get; init; } = 4;

    /// <summary>Key and value heads, shared by groups of query heads (llama); 0 for the number of heads.</summary>
    [Range(0, double.PositiveInfinity)]
    public int KeyHeads { get; init; }

    /// <summary>
    /// Channels inside the MLP; 0 for 4 × width (gpt2, bert), or for 8/3 × width rounded up to a multiple of 32 (llama, t5).
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public int InnerWidth { get; init; }

    /// <summary>The longest text in tokens; for t5 the longest source and the longest response.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Context { get; init; } = 256;

    /// <summary>Whether the output head shares the token embedding.</summary>
    public bool TieEmbeddings { get; init; } = true;

    /// <summary>Dropout probability in training.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double Dropout { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Makeable.All(family => family.Type != Family))
            yield return new(KnownFamilies, [nameof(Family)]);
        if (Heads > 0 && (Width % Heads != 0 || (Family == "llama" && Width / Heads % 2 != 0)))
            yield return new($"must be {(Family == "llama" ? "an even multiple" : "a multiple")} of heads ({Heads})", [nameof(Width)]);
        if (KeyHeads > 0 && Heads % KeyHeads != 0)
            yield return new($"must be 0 or a divisor of heads ({Heads})", [nameof(KeyHeads)]);
    }

    /// <summary>The config.json of such a model, with keys that transformers 4 and 5 read.</summary>
    /// <exception cref="InvalidDataException">New models of this family are not supported.</exception>
    public JsonObject ToConfig(long vocabularySize, int? bos, int? eos, int? pad)
    {
        var family = Makeable.FirstOrDefault(family => family.Type == Family)
            ?? throw new InvalidDataException($"`newModel.family` {KnownFamilies} (was \"{Family}\").");
        var config = family.NewConfig!(this);
        config["model_type"] = family.Type;
        config["architectures"] = new JsonArray(family.LanguageModelClass);
        config["vocab_size"] = vocabularySize;
        config["bos_token_id"] = bos;
        config["eos_token_id"] = eos;
        config["pad_token_id"] = pad;
        if (config.ContainsKey("is_encoder_decoder"))
            config["decoder_start_token_id"] = pad ?? eos;
        config["tie_word_embeddings"] = TieEmbeddings;
        config["initializer_range"] = 0.02;
        config["torch_dtype"] = "float32";
        config["use_cache"] = true;
        return config;
    }

    static IEnumerable<ModelFamily> Makeable => ModelFamily.All.Where(family => family.NewConfig is not null);

    static string KnownFamilies => $"must be one of {string.Join(", ", Makeable.Select(family => family.Type))}";
}
