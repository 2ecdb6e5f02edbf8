using Attune.Torch;

namespace Attune.Models.Families;

/// <summary>
/// The inverse frequencies of rotary embeddings (one for two channels), with the scalings that checkpoints name: default, linear,
/// dynamic (NTK-aware), yarn (Peng et al. 2023, https://arxiv.org/abs/2309.00071), longrope (Ding et al. 2024,
/// https://arxiv.org/abs/2402.13753) and llama3 (Grattafiori et al. 2024, https://arxiv.org/abs/2407.21783).
/// </summary>
public sealed class RotaryFrequencies
{
    const string Known = "default, linear, dynamic, yarn, longrope, llama3";

    const long WidestHead = 1 << 16;                               // checked before memory is allocated

    readonly long width;
    readonly double theta;
    readonly double contextLength;
    readonly string type;
    readonly ConfigReader scaling;

    RotaryFrequencies(long width, double theta, double contextLength, string type, ConfigReader scaling)
    {
        (this.width, this.theta, this.contextLength, this.type, this.scaling) = (width, theta, contextLength, type, scaling);
        RequireFinite(Compute(1));   // reports missing, unknown or senseless settings now
        RequireFinite(Compute(2 * contextLength));
    }

    void RequireFinite((float[] Inverse, double Factor) computed)
    {
        if (!double.IsFinite(computed.Factor) || !Array.TrueForAll(computed.Inverse, float.IsFinite))
            throw new InvalidDataException($"{scaling.Source}: the rotary settings give frequencies that are not finite numbers");
    }

    /// <summary>
    /// Reads <c>rope_parameters</c> (transformers 5) or <c>rope_theta</c>, <c>partial_rotary_factor</c> and <c>rope_scaling</c>
    /// (transformers 4).
    /// </summary>
    /// <exception cref="InvalidDataException">The scaling is not supported, or a setting is missing.</exception>
    public static RotaryFrequencies Read(ConfigReader config, long headWidth)
    {
        var settings = config.Inner("rope_parameters") ?? config.Inner("rope_scaling");
        if (settings?.Has("full_attention") == true)
            throw new InvalidDataException($"{settings.Source}: rotary settings for each layer type are supported for gemma3_text only");
        return Read(config, settings, headWidth, config.Positive("rope_theta", 10_000));
    }

    /// <summary>Reads these settings, in which the period may be missing.</summary>
    /// <inheritdoc cref="Read(ConfigReader, long)"/>
    public static RotaryFrequencies Read(ConfigReader config, ConfigReader? settings, long headWidth, double theta)
    {
        settings ??= config.Empty();
        if (config.Has("original_max_position_embeddings"))
            settings = settings.With(new() { ["original_max_position_embeddings"] = config.Positive("original_max_position_embeddings") });
        var part = settings.Number("partial_rotary_factor", config.Number("partial_rotary_factor", 1));
        if (part is not (> 0 and <= 1))
            throw new InvalidDataException($"{config.Source}: partial_rotary_factor must be above 0 and at most 1 (was {part})");
        if (headWidth > WidestHead)
            throw new InvalidDataException($"{config.Source}: heads must have at most {WidestHead} channels (was {headWidth})");
        var name = settings.Text("rope_type", settings.Text("type", "default"));
        return new(
            (long)(headWidth * part),
            settings.Positive("rope_theta", theta),
            config.Positive("max_position_embeddings", 2048),
            name is "su" or "yarn" && settings.Has("long_factor") ? "longrope" : name,    // the name in the first Phi-3 checkpoints
            settings);
    }

    /// <summary>
    /// The frequencies for a batch, and the factor of cosines and sines. In some scalings they depend on the largest position.
    /// </summary>
    public (float[] Inverse, double Factor) For(Tensor positions)
    {
        if (type is not ("dynamic" or "longrope"))
            return Compute(contextLength);
        return Compute(LengthOf(positions));
    }

    /// <summary>The name of the scaling; <c>default</c> for none.</summary>
    internal string Type => type;

    /// <summary>The period of the slowest channels.</summary>
    internal double Theta => theta;

    /// <summary>The number of channels of a head that are rotated.</summary>
    internal long Width => width;

    /// <summary>The keys of the scaling.</summary>
    internal ConfigReader Scaling => scaling;

    /// <summary>The frequencies without a scaling.</summary>
    internal float[] Unscaled => Plain(theta);

    /// <summary>Whether the frequencies of a whole text change when it exceeds the original context length.</summary>
    public bool DependOnLength => type == "longrope";

    /// <summary>Whether a batch exceeds the original context length.</summary>
    public bool IsLong(Tensor positions) => LengthOf(positions) > OriginalContext;

    internal double OriginalContext => scaling.Positive("original_max_position_embeddings", contextLength);

    static double LengthOf(Tensor positions)
    {
        using var scope = TensorScope.Open();
        return positions.Reshape(-1).Max(0).Item() + 1;
    }

    /// <summary>The frequencies for texts of a length, and the factor of cosines and sines.</summary>
    internal (float[] Inverse, double Factor) Compute(double length)
    {
        var plain = Plain(theta);
        return type switch
        {
            "default" => (plain, 1),
            "linear" => (Array.ConvertAll(plain, f => (float)(f / scaling.Positive("factor"))), 1),
            "dynamic" => (Plain(DynamicTheta(length)), 1),
            "llama3" => (Array.ConvertAll(plain, f => (float)Llama3(f)), 1),
            "yarn" => Yarn(plain),
            "longrope" => LongRope(plain, length),
            _ => throw new InvalidDataException($"the rotary scaling '{type}' is not supported; supported scalings are {Known}"),
        };
    }

    float[] Plain(double period)
    {
        var inverse = new float[(width + 1) / 2];
        for (var i = 0; i < inverse.Length; i++)
            inverse[i] = (float)(1 / Math.Pow(period, 2.0 * i / width));
        return inverse;
    }

    double DynamicTheta(double length)
    {
        var factor = scaling.Positive("factor");
        var stretch = factor * Math.Max(length, contextLength) / contextLength - (factor - 1);
        return theta * Math.Pow(stretch, width / (width - 2.0));
    }

    /// <summary>Long wavelengths are stretched by the factor, short ones stay, and those between are interpolated.</summary>
    double Llama3(double frequency)
    {
        var (factor, original) = (scaling.Positive("factor"), OriginalContext);
        var (low, high) = (scaling.Positive("low_freq_factor"), scaling.Positive("high_freq_factor"));
        var wave = 2 * Math.PI / frequency;
        if (wave > original / low)
            return frequency / factor;
        if (wave < original / high)
            return frequency;
        var smooth = (original / wave - low) / (high - low);
        return (1 - smooth) * frequency / factor + smooth * frequency;
    }

    (float[] Inverse, double Factor) Yarn(float[] plain)
    {
        var original = OriginalContext;
        var factor = scaling.Positive("factor", contextLength / original);
        var truncate = scaling.Flag("truncate", true);
        var low = CorrectionDimension(scaling.Positive("beta_fast", 32), original);
        var high = CorrectionDimension(scaling.Positive("beta_slow", 1), original);
        (low, high) = truncate ? (Math.Floor(low), Math.Ceiling(high)) : (low, high);
        (low, high) = (Math.Max(low, 0), Math.Min(high, width - 1));
        var span = low == high ? 0.001 : high - low;
        var inverse = new float[plain.Length];
        for (var i = 0; i < plain.Length; i++)
        {
            var ramp = Math.Clamp((i - low) / span, 0, 1);
            inverse[i] = (float)(plain[i] / factor * ramp + plain[i] * (1 - ramp));
        }
        return (inverse, YarnAttentionFactor(factor));
    }

    double CorrectionDimension(double rotations, double original) =>
        width * Math.Log(original / (rotations * 2 * Math.PI)) / (2 * Math.Log(theta));

    double YarnAttentionFactor(double factor)
    {
        if (scaling.Has("attention_factor"))
            return scaling.Positive("attention_factor");
        var (mscale, all) = (scaling.NotNegative("mscale", 0), scaling.NotNegative("mscale_all_dim", 0));
        return mscale != 0 && all != 0 ? Scale(factor, mscale) / Scale(factor, all) : Scale(factor, 1);

        static double Scale(double factor, double mscale) => factor <= 1 ? 1 : 0.1 * mscale * Math.Log(factor) + 1;
    }

    (float[] Inverse, double Factor) LongRope(float[] plain, double length)
    {
        var original = OriginalContext;
        var divisors = scaling.Numbers(length > original ? "long_factor" : "short_factor");
        if (Array.Exists(divisors, divisor => divisor <= 0))
            throw new InvalidDataException($"{scaling.Source}: the factors of longrope must be above 0");
        if (divisors.Length != plain.Length)
            throw new InvalidDataException(
                $"longrope must have {plain.Length} factors for heads with {width} channels (was {divisors.Length})");
        var factor = scaling.Positive("factor", contextLength / original);
        var attention = factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(original));
        var inverse = new float[plain.Length];
        for (var i = 0; i < plain.Length; i++)
            inverse[i] = (float)(1 / (divisors[i] * Math.Pow(theta, 2.0 * i / width)));
        return (inverse, scaling.Positive("attention_factor", attention));
    }
}
