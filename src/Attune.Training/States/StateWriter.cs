using Attune.Torch;

namespace Attune.Training.States;

/// <summary>Collects the tensors and numbers of a part of a run under the part's name.</summary>
public sealed class StateWriter(string part, IDictionary<string, Tensor> tensors, IDictionary<string, double> numbers)
{
    public void Write(string name, Tensor value) => tensors[$"{part}/{name}"] = value;

    public void Write(string name, double value) => numbers[$"{part}/{name}"] = value;

    public void Write(string name, byte[] value) => tensors[$"{part}/{name}"] = Tensor.From(value, value.Length);
}
