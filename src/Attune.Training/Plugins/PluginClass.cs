using System.Reflection;
using System.Runtime.Loader;

namespace Attune.Training.Plugins;

/// <summary>Creates an object of a class in another assembly.</summary>
/// <param name="what">What the object is for, for messages: "the reward 'x'".</param>
/// <param name="path">The path of the assembly.</param>
/// <param name="interfaces">The class must implement one of these; none for any class.</param>
sealed class PluginClass(string what, string path, params Type[] interfaces)
{
    string Requirement => interfaces.Length == 0 ? "" : $"implements {string.Join(" or ", interfaces.Select(type => type.Name))} and ";

    /// <param name="name">The name of the class, with its namespace.</param>
    /// <param name="argument">The argument of its constructor, if it has one that takes it.</param>
    /// <exception cref="InvalidDataException">There is no such class, or it cannot be created.</exception>
    public object Create(string name, object argument)
    {
        var type = Find(name);
        object[]? arguments = type.GetConstructor([argument.GetType()]) is not null ? [argument]
            : type.GetConstructor([]) is not null ? [] : null;
        if (arguments is null)
            throw new InvalidDataException(
                $"{what}: {type.FullName} has no public constructor without parameters, or with a {argument.GetType().Name}");
        try
        {
            return Activator.CreateInstance(type, arguments)!;
        }
        catch (TargetInvocationException error)
        {
            throw new InvalidDataException(
                $"{what}: {type.FullName} could not be created: {error.InnerException!.Message}", error.InnerException);
        }
    }

    Type Find(string name)
    {
        var assembly = Load();
        var type = assembly.GetType(name);
        if (type is not null && Fits(type))
            return type;
        var fitting = assembly.GetExportedTypes().Where(Fits).Select(candidate => candidate.FullName!).ToList();
        var known = fitting.Count == 0 ? "the assembly has none" : $"the assembly has {string.Join(", ", fitting)}";
        throw new InvalidDataException(type is null
            ? $"{what}: {path} has no class {name}. It must be a public class that {Requirement}is not abstract; {known}"
            : $"{what}: {name} must be a public class that {Requirement}is not abstract; {known}");
    }

    bool Fits(Type type) => type is { IsClass: true, IsAbstract: false, IsVisible: true }
        && (interfaces.Length == 0 || interfaces.Any(type.IsAssignableTo));

    Assembly Load()
    {
        if (!File.Exists(path))
            throw new InvalidDataException($"{what}: there is no assembly {path}; build the plug-in first");
        try
        {
            return new PluginContext(Path.GetFullPath(path)).Load();
        }
        catch (Exception error) when (error is BadImageFormatException or FileLoadException)
        {
            throw new InvalidDataException($"{what}: {path} is not a .NET assembly that can be loaded here ({error.Message})", error);
        }
    }

    /// <summary>
    /// Loads the plug-in's dependencies from its folder, except assemblies that Attune has loaded, so that their types are the same.
    /// </summary>
    sealed class PluginContext(string path) : AssemblyLoadContext
    {
        readonly AssemblyDependencyResolver resolver = new(path);

        public Assembly Load() => LoadFromAssemblyPath(path);

        protected override Assembly? Load(AssemblyName assemblyName) =>
            Default.Assemblies.Any(loaded => loaded.GetName().Name == assemblyName.Name)
                || resolver.ResolveAssemblyToPath(assemblyName) is not { } found
                ? null
                : LoadFromAssemblyPath(found);
    }
}
