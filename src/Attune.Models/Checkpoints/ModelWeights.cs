using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Checkpoints;

/// <summary>The weights of a language model by name, read from its files one at a time.</summary>
public sealed class ModelWeights : IDisposable
{
    readonly Checkpoint? file;

    internal ModelWeights(LanguageModel model, Checkpoint? file)
    {
        (Model, this.file) = (model, file);
        Parameters = model.NamedParameters().ToDictionary(own => own.Name, own => own.Value, StringComparer.Ordinal);
    }

    /// <summary>The model. Its parameters have memory only if it is an adapter's base model.</summary>
    public LanguageModel Model { get; }

    /// <summary>Names and shapes of the weights.</summary>
    public IReadOnlyDictionary<string, Parameter> Parameters { get; }

    /// <summary>Reads one tensor on the CPU, in its stored type.</summary>
    public Tensor Read(string name) => file?.Read(name) ?? Parameters[name].Value.Detach();

    public void Dispose() => file?.Dispose();
}
