using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>
/// x / RMS(x) · g over the last dimension, in float32. Zhang and Sennrich 2019, eq. 4. https://arxiv.org/abs/1910.07467. Gemma stores g
/// − 1, and multiplies before it converts from float32.
/// </summary>
public sealed class RmsNorm : Module
{
    readonly double epsilon;
    readonly bool storesOffset;
    readonly Parameter weight;
    DType? computeDType;

    public RmsNorm(long width, double epsilon, bool storesOffset = false)
    {
        (this.epsilon, this.storesOffset) = (epsilon, storesOffset);
        weight = Register("weight", new Parameter([width], 0, initialMean: storesOffset ? 0 : 1));
    }

    /// <summary>Whether only linear layers read the output, so that it may be in the type that they compute in.</summary>
    public bool FeedsLinear { get; init; }

    public override void ComputeIn(DType dtype) => computeDType = dtype;

    public Tensor Forward(Tensor x)
    {
        var dtype = FeedsLinear ? computeDType ?? x.DType : x.DType;
        return x.Norm(weight.Value, bias: null, epsilon, storesOffset ? 1 : 0, dtype) ?? ForwardByOperators(x);
    }

    Tensor ForwardByOperators(Tensor x)
    {
        var wide = x.To(DType.Float32);
        var scale = (wide.Square().Mean(-1, keepDim: true) + epsilon).Rsqrt();    // (…, 1)
        return storesOffset
            ? (wide * scale * (weight.Value.To(DType.Float32) + 1)).To(x.DType)
            : (weight.Value * (wide * scale).To(x.DType)).To(x.DType);
    }
}
