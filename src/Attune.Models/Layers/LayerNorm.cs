using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>Layer normalisation over the last dimension. Ba et al. 2016, https://arxiv.org/abs/1607.06450</summary>
public sealed class LayerNorm : Module
{
    readonly double epsilon;
    readonly Parameter weight;
    readonly Parameter bias;
    DType? computeDType;

    public LayerNorm(long width, double epsilon)
    {
        this.epsilon = epsilon;
        weight = Register("weight", new Parameter([width], 0, initialMean: 1));
        bias = Register("bias", new Parameter([width], 0));
    }

    /// <summary>Whether only linear layers read the output, so that it may be in the type that they compute in.</summary>
    public bool FeedsLinear { get; init; }

    public override void ComputeIn(DType dtype) => computeDType = dtype;

    /// <summary>Computes in the type of the parameters; in mixed precision the input may be the result of a bfloat16 product.</summary>
    public Tensor Forward(Tensor x) =>
        FeedsLinear && computeDType == DType.BFloat16 && x.Norm(weight.Value, bias.Value, epsilon, offset: 0, DType.BFloat16) is { } fused
            ? fused
            : x.To(weight.Value.DType).LayerNorm(weight.Value, bias.Value, epsilon);
}
