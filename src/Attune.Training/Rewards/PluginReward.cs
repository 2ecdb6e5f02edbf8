using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Runtime.Loader;
using Attune.Text;
using Attune.Training.Options;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// A class of another assembly: a public <see cref="IRewardSource"/> or <see cref="IRule"/> with a constructor without parameters, or with
/// the policy's <see cref="Tokenizer"/>.
/// </summary>
public sealed record PluginReward : RewardOptions
{
    public override string Kind => "plugin";

    /// <summary>The path of a .NET assembly.</summary>
    [Required(ErrorMessage = "must be the path of a .NET assembly")]
    [ExistingPath]
    public string Assembly { get; init; } = "";

    /// <summary>The name of a class of the assembly, with its namespace.</summary>
    [Required(ErrorMessage = "must be the name of a class with its namespace")]
    public string Type { get; init; } = "";

    public override RewardOptions WithFullPaths() => this with { Assembly = RecipePaths.Full(Assembly) };

    public override IRewardSource Build(RewardContext context)
    {
        var tokenizer = context.Policy.Tokenizer;
        return Create(FindType(), tokenizer) switch
        {
            IRewardSource source => new PluginSource(Title, source),
            var rule => new PluginSource(Title, new RuleSource((IRule)rule, tokenizer)),
        };
    }

    Type FindType()
    {
        var assembly = Load();
        var type = assembly.GetType(Type);
        if (type is not null && IsReward(type))
            return type;
        var rewards = assembly.GetExportedTypes().Where(IsReward).Select(candidate => candidate.FullName!).ToList();
        var known = rewards.Count == 0 ? "the assembly has none" : $"the assembly has {string.Join(", ", rewards)}";
        throw new InvalidDataException(type is null
            ? $"the reward '{Title}': {Assembly} has no class {Type}. It must be a public class that implements IRewardSource or IRule; "
                + $"{known}"
            : $"the reward '{Title}': {Type} must be a public class that implements IRewardSource or IRule and is not abstract; {known}");
    }

    static bool IsReward(Type type) =>
        type is { IsClass: true, IsAbstract: false, IsVisible: true }
            && (type.IsAssignableTo(typeof(IRewardSource)) || type.IsAssignableTo(typeof(IRule)));

    Assembly Load()
    {
        if (!File.Exists(Assembly))
            throw new InvalidDataException($"the reward '{Title}': there is no assembly {Assembly}; build the plug-in first");
        try
        {
            return new PluginContext(Path.GetFullPath(Assembly)).Load();
        }
        catch (Exception error) when (error is BadImageFormatException or FileLoadException)
        {
            throw new InvalidDataException(
                $"the reward '{Title}': {Assembly} is not a .NET assembly that can be loaded here ({error.Message})", error);
        }
    }

    object Create(Type type, Tokenizer tokenizer)
    {
        object[]? arguments = type.GetConstructor([typeof(Tokenizer)]) is not null
            ? [tokenizer]
            : type.GetConstructor([]) is not null ? [] : null;
        if (arguments is null)
            throw new InvalidDataException(
                $"the reward '{Title}': {type.FullName} has no public constructor without parameters, or with a Tokenizer");
        try
        {
            return Activator.CreateInstance(type, arguments)!;
        }
        catch (TargetInvocationException error)
        {
            throw new InvalidDataException(
                $"the reward '{Title}': {type.FullName} could not be created: {error.InnerException!.Message}", error.InnerException);
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

/// <summary>A source of a plug-in: its exceptions become messages to the user.</summary>
sealed class PluginSource(string name, IRewardSource source) : IRewardSource
{
    public bool IsRemote => source.IsRemote;

    public IEnumerable<(string Name, States.IRunState State)> States => source.States;

    public Scores Score(Rollouts rollouts) => Guard(() => source.Score(rollouts));

    public Scores ScoreAndUpdateStatistics(Rollouts rollouts) => Guard(() => source.ScoreAndUpdateStatistics(rollouts));

    public void Dispose() => source.Dispose();

    Scores Guard(Func<Scores> score)
    {
        try
        {
            return score() is { Rows: not null } scores ? scores : throw new InvalidDataException($"the reward '{name}' gave no scores");
        }
        catch (Exception error) when (error is not (InvalidDataException or OutOfMemoryException))
        {
            throw new InvalidDataException($"the reward '{name}' failed: {error.GetType().Name}: {error.Message}", error);
        }
    }
}
