using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>An activation function that checkpoints name.</summary>
public sealed class Activation
{
    static readonly Activation GeluTanh = new(x => x.Gelu(tanhApproximation: true), SigmoidActivation.GeluTanh);
    static readonly Activation Silu = new(x => x.Silu(), SigmoidActivation.Silu);

    static readonly Dictionary<string, Activation> Known = new(StringComparer.Ordinal)
    {
        ["gelu"] = new(x => x.Gelu(tanhApproximation: false)),
        ["gelu_new"] = GeluTanh,
        ["gelu_pytorch_tanh"] = GeluTanh,
        ["gelu_fast"] = GeluTanh,
        ["quick_gelu"] = new(x => x * (1.702 * x).Sigmoid(), SigmoidActivation.QuickGelu),
        ["relu"] = new(x => x.Relu()),
        ["silu"] = Silu,
        ["swish"] = Silu,
        ["sigmoid"] = new(x => x.Sigmoid()),
        ["tanh"] = new(x => x.Tanh()),
    };

    readonly Func<Tensor, Tensor> function;
    readonly SigmoidActivation? fused;

    /// <param name="function">The function.</param>
    /// <param name="fused">The same as a kernel for gated MLPs; null if there is none.</param>
    Activation(Func<Tensor, Tensor> function, SigmoidActivation? fused = null) => (this.function, this.fused) = (function, fused);

    /// <exception cref="InvalidDataException">The activation is not supported.</exception>
    public static Activation Named(string name) => Known.TryGetValue(name, out var activation)
        ? activation
        : throw new InvalidDataException(
            $"the activation '{name}' is not supported; supported activations are {string.Join(", ", Known.Keys)}");

    public Tensor Forward(Tensor x) => function(x);

    /// <summary>f(x) · up, as in a gated MLP.</summary>
    public Tensor ForwardGated(Tensor x, Tensor up) => (fused is { } kernel ? x.Gate(up, kernel) : null) ?? function(x) * up;
}
