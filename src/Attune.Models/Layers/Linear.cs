using Attune.Models.Adapters;
using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>y = x Wᵀ + b. The weight is (out, in), or (in, out) in GPT-2's checkpoints ("Conv1D").</summary>
public sealed class Linear : Module
{
    readonly Parameter weight;
    readonly Parameter? bias;

    public Linear(long inputs, long outputs, bool hasBias, double initialStd, bool inputMajor = false)
    {
        (Inputs, Outputs, IsInputMajor) = (inputs, outputs, inputMajor);
        weight = Register("weight", new Parameter(inputMajor ? [inputs, outputs] : [outputs, inputs], initialStd));
        bias = hasBias ? Register("bias", new Parameter([outputs], 0)) : null;
    }

    public Parameter Weight => weight;

    public Parameter? Bias => bias;

    internal long Inputs { get; }

    internal long Outputs { get; }

    internal bool IsInputMajor { get; }

    /// <summary>
    /// The low-rank change that is added, unless <see cref="Lora.Disable"/> is in effect. Its parameters are not the layer's.
    /// </summary>
    internal LoraLayer? Adapter { get; set; }

    /// <summary>The type of <see cref="ComputeIn"/>; null for the type of the weight.</summary>
    internal DType? ComputeDType { get; private set; }

    /// <summary>The weight in the type that the layer computes in.</summary>
    internal Tensor ComputedWeight => weight.In(ComputeDType);

    public override void ComputeIn(DType dtype) => ComputeDType = dtype;

    /// <summary>(…, in) → (…, out), in the type that the layer computes in.</summary>
    public Tensor Forward(Tensor x)
    {
        x = ConvertInput(x);
        return Adapter is { } adapter && !Lora.IsDisabled ? adapter.Forward(x) : ForwardWithoutAdapter(x);
    }

    public override void SetDropout(RandomSource? random) => Adapter?.Dropout.SetDropout(random);

    public override bool HasActiveDropout => Adapter?.Dropout.HasActiveDropout ?? false;

    /// <summary>The input in the type that the layer computes in, for several layers that share it.</summary>
    internal Tensor ConvertInput(Tensor x) => x.To(ComputeDType ?? weight.Value.DType);

    /// <summary>The layer's output without the adapter.</summary>
    internal Tensor ForwardWithoutAdapter(Tensor x) => x.Linear(Oriented(ComputedWeight), bias?.In(ComputeDType));

    /// <summary>A view of an (out, in) matrix in the weight's memory order, or of the weight as (out, in).</summary>
    internal Tensor Oriented(Tensor matrix) => IsInputMajor ? matrix.Transpose(0, 1) : matrix;
}
