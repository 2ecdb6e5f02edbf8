using Attune.Models.Layers;

namespace Attune.Models.Families;

/// <summary>How a layer attends.</summary>
/// <param name="Window">Columns that a token attends to, itself included; 0 for all.</param>
/// <param name="Frequencies">The rotary frequencies of queries and keys.</param>
sealed record LayerAttention(long Window, RotaryFrequencies Frequencies);

/// <summary>The settings of a config.json that change the result of a <see cref="RotaryDecoder"/>.</summary>
sealed record RotaryDecoderConfig
{
    const string Sliding = "sliding_attention";
    const string Full = "full_attention";

    public required long VocabularySize { get; init; }
    public required long ContextLength { get; init; }
    public required long Width { get; init; }
    public required long Heads { get; init; }
    public required long KeyHeads { get; init; }
    public required long HeadWidth { get; init; }
    public required long InnerWidth { get; init; }
    public required double NormEpsilon { get; init; }
    public required Activation Activation { get; init; }
    public required double InitializerRange { get; init; }
    public required double AttentionDropout { get; init; }

    /// <summary>One for each layer; layers with the same settings share one.</summary>
    public required IReadOnlyList<LayerAttention> LayerAttention { get; init; }

    /// <summary>The scale of attention scores.</summary>
    public required double AttentionScale { get; init; }

    /// <summary>Limits attention scores to ± this; 0 for no limit.</summary>
    public double AttentionSoftCap { get; init; }

    /// <summary>Whether the query, key and value projections have a bias.</summary>
    public bool InputBias { get; init; }

    /// <summary>Whether the attention's output projection has a bias.</summary>
    public bool OutputBias { get; init; }

    public bool MlpBias { get; init; }

    /// <summary>The names of the query, key and value projections in checkpoints, or of the one that joins them.</summary>
    public IReadOnlyList<string> AttentionNames { get; init; } = ["q_proj", "k_proj", "v_proj"];

    /// <summary>The names of the MLP's gate and up projections in checkpoints, or of the one that joins them.</summary>
    public IReadOnlyList<string> MlpNames { get; init; } = ["gate_proj", "up_proj"];

    /// <summary>Whether the queries and keys of each head are normalised.</summary>
    public bool NormalizesHeads { get; init; }

    /// <summary>Whether the outputs of attention and MLP are normalised too, and not only their inputs.</summary>
    public bool NormalizesOutputs { get; init; }

    /// <summary>Whether checkpoints store norm weights minus 1.</summary>
    public bool NormsStoreOffset { get; init; }

    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Dropout of the outputs of attention and MLP.</summary>
    public double ResidualDropout { get; init; }

    public int Layers => LayerAttention.Count;

    public RmsNorm NewNorm(long width, bool feedsLinear = false) =>
        new(width, NormEpsilon, NormsStoreOffset) { FeedsLinear = feedsLinear };

    /// <summary>The keys that all families share; every layer attends to the whole text.</summary>
    public static RotaryDecoderConfig Read(ConfigReader json, RotaryFrequencies? frequencies = null)
    {
        var (width, heads) = (json.Count("hidden_size"), json.Count("num_attention_heads"));
        var keyHeads = json.Count("num_key_value_heads", heads);
        var headWidth = json.Count("head_dim", Math.Max(width / heads, 1));
        if (heads % keyHeads != 0 || headWidth % 2 != 0)
            throw new InvalidDataException(
                $"{json.Source}: num_attention_heads ({heads}) must be a multiple of num_key_value_heads ({keyHeads}), "
                + $"and head_dim ({headWidth}) must be even");
        if (json.Flag("use_bidirectional_attention", false))
            throw new InvalidDataException(
                $"{json.Source}: use_bidirectional_attention must be false: a decoder attends to earlier tokens only");
        var everything = new LayerAttention(0, frequencies ?? RotaryFrequencies.Read(json, headWidth));
        var bias = json.Flag("attention_bias", false);
        return new()
        {
            VocabularySize = json.Count("vocab_size"),
            ContextLength = json.Count("max_position_embeddings", 2048),
            Width = width,
            LayerAttention = [.. Enumerable.Repeat(everything, json.Layers("num_hidden_layers"))],
            Heads = heads,
            KeyHeads = keyHeads,
            HeadWidth = headWidth,
            InnerWidth = json.Count("intermediate_size"),
            NormEpsilon = json.Positive("rms_norm_eps", 1e-6),
            Activation = Activation.Named(json.Text("hidden_act", "silu")),
            AttentionScale = 1 / Math.Sqrt(headWidth),
            InputBias = bias,
            OutputBias = bias,
            InitializerRange = json.NotNegative("initializer_range", 0.02),
            AttentionDropout = json.Probability("attention_dropout", 0),
        };
    }

    /// <summary>
    /// The same, with a window of <c>sliding_window</c> columns, and possibly other rotary frequencies, in the layers that
    /// <c>layer_types</c> names, or without it those of the rule.
    /// </summary>
    public RotaryDecoderConfig WithLayerTypes(ConfigReader json, Func<int, bool> rule, RotaryFrequencies? frequencies = null)
    {
        if (!json.Has("layer_types"))
            return WithWindow(json, rule, frequencies);
        var types = json.Texts("layer_types");
        if (types.Count != Layers)
            throw new InvalidDataException(
                $"{json.Source}: layer_types must have one entry for each of the {Layers} layers (was {types.Count})");
        if (types.FirstOrDefault(type => type is not (Sliding or Full)) is { } unknown)
            throw new InvalidDataException(
                $"{json.Source}: the layer type '{unknown}' is not supported; supported types are {Full} and {Sliding}");
        return WithWindow(json, layer => types[layer] == Sliding, frequencies);
    }

    /// <inheritdoc cref="WithLayerTypes"/>
    public RotaryDecoderConfig WithWindow(ConfigReader json, Func<int, bool> rule, RotaryFrequencies? frequencies = null)
    {
        if (!Enumerable.Range(0, Layers).Any(rule))
            return this;
        var local = new LayerAttention(json.Count("sliding_window"), frequencies ?? LayerAttention[0].Frequencies);
        return this with { LayerAttention = [.. LayerAttention.Select((view, layer) => rule(layer) ? local : view)] };
    }
}
