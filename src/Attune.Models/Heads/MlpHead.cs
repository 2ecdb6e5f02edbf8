using System.Text.Json.Nodes;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Heads;

/// <summary>
/// Linear(D, 2D), ReLU, Linear(2D, outputs), like trlX's Q, target Q and value heads of ILQL, with the same parameter names
/// (<c>0.weight</c>, <c>2.weight</c>). Weights are initialised with the variance of PyTorch's linear layers, 1/(3 inputs), but from a
/// normal distribution; biases are 0. https://github.com/CarperAI/trlx
/// </summary>
public sealed class MlpHead : Head
{
    internal const string Kind = "mlp";

    readonly Linear inner;
    readonly Linear outer;

    /// <param name="width">D, the channels of a hidden state.</param>
    /// <param name="outputs">Numbers for each hidden state: the size of the vocabulary for Q values, 1 for values.</param>
    public MlpHead(long width, long outputs) : base(width)
    {
        inner = Register("0", NewLinear(width, 2 * width));
        outer = Register("2", NewLinear(2 * width, outputs));
    }

    /// <summary>Numbers for each hidden state.</summary>
    public long Outputs => outer.Outputs;

    /// <summary>(…, D) → (…, outputs), or (…) for a single output.</summary>
    public override Tensor Forward(Tensor hidden)
    {
        var outputs = outer.Forward(inner.Forward(hidden).Relu());         // (…, outputs)
        return Outputs == 1 ? outputs.Squeeze(-1) : outputs;
    }

    internal override Head EmptyLike() => new MlpHead(Width, Outputs) { IsFrozen = IsFrozen };

    private protected override JsonObject Describe() => IsFrozen
        ? new() { ["kind"] = Kind, ["outputs"] = Outputs, ["frozen"] = true }
        : new() { ["kind"] = Kind, ["outputs"] = Outputs };

    static Linear NewLinear(long inputs, long outputs) => new(inputs, outputs, hasBias: true, initialStd: 1 / Math.Sqrt(3 * inputs));
}
