using Attune.Torch;

namespace Attune.Training.States;

/// <summary>Reads the tensors and numbers that a part of a run wrote.</summary>
public sealed class StateReader(string part, Safetensors tensors, IReadOnlyDictionary<string, double> numbers)
{
    public double ReadNumber(string name) => numbers.TryGetValue($"{part}/{name}", out var value)
        ? value
        : throw new InvalidDataException($"the checkpoint has no '{part}/{name}': it was written with another recipe or version");

    public byte[] ReadBytes(string name) => tensors.Read($"{part}/{name}").ToArray<byte>();

    /// <summary>Overwrites a tensor of the same shape.</summary>
    /// <exception cref="InvalidDataException">The checkpoint has no such tensor: it was written with another recipe.</exception>
    public void ReadInto(string name, Tensor target) => tensors.ReadInto($"{part}/{name}", target);
}
