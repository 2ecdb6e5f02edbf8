using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>
/// A part of a model: parameters and inner modules with the names of Hugging Face checkpoints, so that a parameter's full name is its
/// key in a checkpoint.
/// </summary>
public abstract class Module
{
    readonly List<(string Name, Parameter Value)> parameters = [];
    readonly List<(string Name, Module Value)> modules = [];

    /// <summary>Every parameter with its full name, in the order of registration.</summary>
    public IEnumerable<(string Name, Parameter Value)> NamedParameters()
    {
        foreach (var own in parameters)
            yield return own;
        foreach (var (name, module) in modules)
            foreach (var (inner, value) in module.NamedParameters())
                yield return (name.Length == 0 ? inner : $"{name}.{inner}", value);
    }

    /// <summary>Every module inside this one with its full name, outer modules first.</summary>
    public IEnumerable<(string Name, Module Value)> NamedModules()
    {
        foreach (var (name, module) in modules)
        {
            yield return (name, module);
            foreach (var (inner, value) in module.NamedModules())
                yield return (name.Length == 0 ? inner : $"{name}.{inner}", value);
        }
    }

    public IEnumerable<Parameter> Parameters => NamedParameters().Select(parameter => parameter.Value);

    public long ParameterCount => Parameters.Sum(parameter => parameter.ElementCount);

    /// <summary>Whether all weights are finite.</summary>
    public bool IsFinite => Parameters.All(parameter => parameter.IsFinite);

    /// <summary>Initialises every parameter at random; the same state of the source gives the same bits.</summary>
    public void Initialize(RandomSource random)
    {
        foreach (var parameter in Parameters)
            parameter.Initialize(random);
    }

    /// <summary>Moves or converts every parameter; null keeps its type.</summary>
    public void MoveTo(Device device, DType? dtype = null)
    {
        foreach (var parameter in Parameters)
            parameter.MoveTo(device, dtype);
    }

    /// <summary>
    /// Sets the type that matrix products compute in while parameters keep theirs (mixed precision): linear layers convert their weights
    /// and inputs. Embeddings, norms and sums keep the type of the parameters. Micikevicius et al. 2018,
    /// https://arxiv.org/abs/1710.03740
    /// </summary>
    public virtual void ComputeIn(DType dtype)
    {
        foreach (var (_, module) in modules)
            module.ComputeIn(dtype);
    }

    /// <summary>Sets whether training changes the parameters.</summary>
    public void SetTrainable(bool trainable)
    {
        foreach (var parameter in Parameters)
            parameter.Trainable = trainable;
    }

    /// <summary>Enables dropout with a random source, or disables it with null. It is disabled by default.</summary>
    public virtual void SetDropout(RandomSource? random)
    {
        foreach (var (_, module) in modules)
            module.SetDropout(random);
        if (this is Layers.Dropout dropout)
            dropout.Random = random;
    }

    /// <summary>Whether dropout is enabled with a probability above 0.</summary>
    public virtual bool HasActiveDropout => this is Layers.Dropout { Random: not null, Probability: > 0 }
        || modules.Any(module => module.Value.HasActiveDropout);

    /// <summary>Whether dropout would change the results of training.</summary>
    public bool HasDropout => this is Layers.Dropout { Probability: > 0 } || modules.Any(module => module.Value.HasDropout);

    /// <summary>Frees the parameters.</summary>
    public void Free()
    {
        foreach (var parameter in Parameters)
            parameter.Value.Dispose();
    }

    protected Parameter Register(string name, Parameter parameter)
    {
        parameters.Add((name, parameter));
        return parameter;
    }

    /// <summary>Adds a module. With an empty name, its parameters keep their own names.</summary>
    protected T Register<T>(string name, T module) where T : Module
    {
        modules.Add((name, module));
        return module;
    }

    protected void Unregister(Module module) => modules.RemoveAll(entry => entry.Value == module);
}
