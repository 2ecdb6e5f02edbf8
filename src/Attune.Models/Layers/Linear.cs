using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>
/// y = x Wᵀ + b. The weight is (out, in), or (in, out) in GPT-2's checkpoints (input-major, its "Conv1D").
/// </summary>
public sealed class Linear : Module
{
    readonly bool inputMajor;
    readonly Parameter weight;
    readonly Parameter? bias;

    public Linear(long inputs, long outputs, bool hasBias, double initialDeviation, bool inputMajor = false)
    {
        this.inputMajor = inputMajor;
        weight = Register("weight", new Parameter(inputMajor ? [inputs, outputs] : [outputs, inputs], initialDeviation));
        bias = hasBias ? Register("bias", new Parameter([outputs], 0)) : null;
    }

    public Parameter Weight => weight;

    public Parameter? Bias => bias;

    /// <summary>(…, in) → (…, out)</summary>
    public Tensor Forward(Tensor x) => inputMajor ? ForwardInputMajor(x) : x.Linear(weight.Value, bias?.Value);

    Tensor ForwardInputMajor(Tensor x)
    {
        var rows = x.Reshape(-1, weight.Shape[0]);                                                  // (N, in)
        var y = bias is null ? rows.MatrixProduct(weight.Value) : bias.Value.AddProduct(rows, weight.Value);
        return y.Reshape([.. x.Shape[..^1], weight.Shape[1]]);
    }
}
