using Attune.Models;
using Attune.Torch;

namespace Attune.Training.Runs;

/// <summary>The trainable weights of a model; the others are read again from where they came.</summary>
public sealed class ModelState(Module model) : IRunState
{
    public void Save(StateWriter writer)
    {
        foreach (var (name, parameter) in Trainable())
            writer.Write(name, parameter.Value);
    }

    public void Load(StateReader reader)
    {
        foreach (var (name, parameter) in Trainable())
            reader.ReadInto(name, parameter.Value);
    }

    IEnumerable<(string Name, Parameter Value)> Trainable() => model.NamedParameters().Where(parameter => parameter.Value.Trainable);
}

/// <summary>The state of a random source.</summary>
public sealed class RandomState(RandomSource random) : IRunState
{
    public void Save(StateWriter writer) => writer.Write("generator", random.State);

    public void Load(StateReader reader) => random.State = reader.ReadBytes("generator");
}
