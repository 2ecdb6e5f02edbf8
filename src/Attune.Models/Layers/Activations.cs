using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>The activation functions that checkpoints name.</summary>
public static class Activations
{
    static readonly Dictionary<string, Func<Tensor, Tensor>> Known = new(StringComparer.Ordinal)
    {
        ["gelu"] = x => x.Gelu(tanhApproximation: false),
        ["gelu_new"] = x => x.Gelu(tanhApproximation: true),
        ["gelu_pytorch_tanh"] = x => x.Gelu(tanhApproximation: true),
        ["gelu_fast"] = x => x.Gelu(tanhApproximation: true),
        ["quick_gelu"] = x => x * (1.702 * x).Sigmoid(),
        ["relu"] = x => x.Relu(),
        ["silu"] = x => x.Silu(),
        ["swish"] = x => x.Silu(),
        ["sigmoid"] = x => x.Sigmoid(),
        ["tanh"] = x => x.Tanh(),
    };

    /// <exception cref="InvalidDataException">The activation is not supported.</exception>
    public static Func<Tensor, Tensor> Named(string name) => Known.TryGetValue(name, out var function)
        ? function
        : throw new InvalidDataException(
            $"the activation '{name}' is not supported; supported activations are {string.Join(", ", Known.Keys)}");
}
