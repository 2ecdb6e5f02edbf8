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

    /// <summary>(…, in) → (…, out)</summary>
    public Tensor Forward(Tensor x) => Adapter is { } adapter && !Lora.IsDisabled ? adapter.Forward(x) : ForwardWithoutAdapter(x);

    public override void SetDropout(RandomSource? random) => Adapter?.Dropout.SetDropout(random);

    public override bool HasActiveDropout => Adapter?.Dropout.HasActiveDropout ?? false;

    /// <summary>The layer's output without the adapter.</summary>
    internal Tensor ForwardWithoutAdapter(Tensor x) => IsInputMajor ? ForwardInputMajor(x) : x.Linear(weight.Value, bias?.Value);

    /// <summary>A view of an (out, in) matrix in the weight's memory order, or of the weight as (out, in).</summary>
    internal Tensor Oriented(Tensor matrix) => IsInputMajor ? matrix.Transpose(0, 1) : matrix;

    Tensor ForwardInputMajor(Tensor x)
    {
        var rows = x.Reshape(-1, weight.Shape[0]);                                                  // (N, in)
        var y = bias is null ? rows.MatMul(weight.Value) : bias.Value.Addmm(rows, weight.Value);
        return y.Reshape([.. x.Shape[..^1], weight.Shape[1]]);
    }
}
