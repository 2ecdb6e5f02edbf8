using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Training.States;

/// <summary>Collects the tensors and numbers of a part of a run under the part's name.</summary>
/// <param name="part">The name of the part.</param>
/// <param name="tensors">The tensors.</param>
/// <param name="numbers">The numbers.</param>
/// <param name="isFirst">Whether the rank writes what all ranks have.</param>
public sealed class StateWriter(
    string part, IDictionary<string, Tensor> tensors, IDictionary<string, double> numbers, bool isFirst = true)
{
    /// <summary>Writes a parameter, or another tensor of it, on the rank that has it.</summary>
    public void Write(string name, Parameter parameter, Tensor? value = null)
    {
        if (parameter.IsHeld && (isFirst || parameter.Owner is not null))
            Write(name, value ?? parameter.Value);
    }

    public void Write(string name, Tensor value) => tensors[$"{part}/{name}"] = value;

    public void Write(string name, double value) => numbers[$"{part}/{name}"] = value;

    public void Write(string name, byte[] value) => tensors[$"{part}/{name}"] = Tensor.From(value, value.Length);
}
