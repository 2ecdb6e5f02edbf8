using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Training.States;

/// <summary>Reads the tensors and numbers that a part of a run wrote.</summary>
/// <param name="part">The name of the part.</param>
/// <param name="files">The tensors, in a file of each rank.</param>
/// <param name="numbers">The numbers.</param>
public sealed class StateReader(string part, IReadOnlyList<Safetensors> files, IReadOnlyDictionary<string, double> numbers)
{
    public double ReadNumber(string name) => numbers.TryGetValue($"{part}/{name}", out var value)
        ? value
        : throw new InvalidDataException($"the checkpoint has no '{part}/{name}': it was written with another recipe or version");

    public byte[] ReadBytes(string name) => FileOf(name).Read($"{part}/{name}").ToArray<byte>();

    /// <summary>Overwrites a tensor of the same shape.</summary>
    /// <exception cref="InvalidDataException">The checkpoint has no such tensor: it was written with another recipe.</exception>
    public void ReadInto(string name, Tensor target) => FileOf(name).ReadInto($"{part}/{name}", target);

    /// <summary>Overwrites a parameter on the ranks that hold it.</summary>
    /// <inheritdoc cref="ReadInto(string, Tensor)"/>
    public void ReadInto(string name, Parameter parameter)
    {
        if (parameter.IsHeld)
            ReadInto(name, parameter.Value);
    }

    Safetensors FileOf(string name) => files.FirstOrDefault(file => file.Header.Entries.ContainsKey($"{part}/{name}")) ?? files[0];
}
