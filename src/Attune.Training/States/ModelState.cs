using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Training.States;

/// <summary>The trained parameters; the others are loaded from the model's folder again.</summary>
public sealed class ModelState(IReadOnlyList<(string Name, Parameter Value)> trained) : IRunState
{
    public bool IsSharded => trained.Any(parameter => parameter.Value.Owner is not null);

    public void Save(StateWriter writer)
    {
        foreach (var (name, parameter) in trained)
            writer.Write(name, parameter);
    }

    public void Load(StateReader reader)
    {
        foreach (var (name, parameter) in trained)
            reader.ReadInto(name, parameter);
    }
}

/// <summary>The state of a random source.</summary>
public sealed class RandomState(RandomSource random) : IRunState
{
    public void Save(StateWriter writer) => writer.Write("generator", random.State);

    public void Load(StateReader reader) => random.State = reader.ReadBytes("generator");
}
