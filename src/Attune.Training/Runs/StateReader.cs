using Attune.Torch;

namespace Attune.Training.Runs;

/// <summary>Gives one part of a run back what it wrote.</summary>
public sealed class StateReader(string part, Safetensors tensors, IReadOnlyDictionary<string, double> numbers)
{
    public double ReadNumber(string name) => numbers.TryGetValue($"{part}/{name}", out var value)
        ? value
        : throw new InvalidDataException($"the checkpoint has no '{part}/{name}': it is of another recipe or version");

    public byte[] ReadBytes(string name) => tensors.View($"{part}/{name}").ToArray<byte>();

    /// <summary>Overwrites a tensor of the same shape.</summary>
    public void ReadInto(string name, Tensor target)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var stored = tensors.View($"{part}/{name}");
        if (!stored.Shape.SequenceEqual(target.Shape))
            throw new InvalidDataException($"the checkpoint's '{part}/{name}' is {stored}, expected {target}: it is of another recipe");
        target.CopyInPlace(stored);
    }
}
