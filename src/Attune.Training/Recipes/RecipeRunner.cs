using Attune.Input;
using Attune.Models.Backbones;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Options;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Starts a run from a recipe, or resumes the run in a folder.</summary>
public static class RecipeRunner
{
    /// <summary>Trains with a recipe in a new run folder.</summary>
    /// <inheritdoc cref="IRecipe.Train"/>
    /// <exception cref="InvalidDataException">The recipe breaks rules of its options; nothing is written, and the message lists all of
    /// them.</exception>
    public static RunFolder Start(TrainingMethod method, IRecipe recipe, IRunDisplay display, CancellationToken cancellation)
    {
        Validation.ThrowIfInvalid(recipe);
        if (RecipePaths.Missing(recipe) is { Count: > 0 } missing)
            throw new InvalidDataException(string.Join("\n", missing));
        var full = WithParallelism(Resolve(recipe));
        using var run = new Run(full.Run, method, RecipeWriter.Write(method.Name, full, withComments: false), display);
        Train(full, run, cancellation);
        return run.Folder;
    }

    /// <summary>
    /// Starts the run of a recipe, or resumes it from its newest checkpoint where the folder of the recipe has one; a finished run is not
    /// changed. For recipes that cannot be written to a file, such as those with a C# function.
    /// </summary>
    /// <inheritdoc cref="IRecipe.Train"/>
    /// <exception cref="InvalidDataException">
    /// The recipe breaks rules of its options, or the folder has a run of another method.
    /// </exception>
    public static RunFolder StartOrResume(IRecipe recipe, IRunDisplay display, CancellationToken cancellation)
    {
        var (method, folder) = (MethodCatalog.For(recipe), new RunFolder(recipe.Run.Output));
        if (!folder.HasStarted)
            return Start(method, recipe, display, cancellation);
        Validation.ThrowIfInvalid(recipe);
        var full = WithParallelism(Resolve(recipe));
        NoteChanges(InputFile.ReadText(folder.Recipe), RecipeWriter.Write(method.Name, full, withComments: false), folder, display);
        if (IsFinished(folder, display))
            return folder;
        using var run = new Run(full.Run, method, recipe: null, display);
        Train(full, run, cancellation);
        return folder;
    }

    /// <summary>
    /// Resumes a run from its newest checkpoint; a finished run is not changed. Overrides apply to this call only: the recipe in the folder
    /// is not changed.
    /// </summary>
    /// <inheritdoc cref="IRecipe.Train"/>
    public static RunFolder Resume(string path, IReadOnlyList<string> overrides, IRunDisplay display, CancellationToken cancellation)
    {
        var folder = new RunFolder(path);
        folder.RequireRegularFiles();
        if (!folder.HasStarted)
            throw new InvalidDataException($"{path} is not a run folder: it has no recipe.yaml");
        if (CustomLoop.Holds(folder))
            throw new InvalidDataException($"{path} holds a run of a custom training loop; run its program again to resume it");
        if (IsFinished(folder, display))
            return folder;
        var (method, recipe) = RecipeReader.Read(method: null, folder.Recipe, overrides, pathsMustExist: true);
        recipe = WithParallelism(recipe);
        using var run = new Run(recipe.Run with { Output = path }, method, recipe: null, display);
        Train(recipe, run, cancellation);
        return folder;
    }

    /// <summary>
    /// The recipe with absolute paths, the type that auto means on this machine, and the choices that the run in its folder has recorded.
    /// </summary>
    internal static IRecipe Resolve(IRecipe recipe)
    {
        var full = recipe.WithFullPaths();
        full = full.With(full.Run.WithDtype(), full.Model);
        var folder = new RunFolder(full.Run.Output);
        return folder.HasStarted ? RecordedParallelism.AddTo(full, folder.Recipe) : full;
    }

    /// <summary>The recipe with the threads, workers and micro-batches that the run uses: those that it sets, or chosen ones.</summary>
    /// <exception cref="InvalidDataException">The recipe's model cannot be used.</exception>
    public static IRecipe WithParallelism(IRecipe recipe)
    {
        var (backbone, ranks) = (recipe.DescribeBackbone(), Ranks.Current);
        if (ShardsWeights(recipe))
            recipe = WithSharding(recipe, backbone);
        var examples = (recipe.ExamplesOfUpdate + ranks.Count - 1) / ranks.Count;
        var (run, training) = Parallelism.Choose(
            recipe.Run, recipe.Training, new(Math.Max(1, Environment.ProcessorCount / ranks.LocalCount), backbone.ParameterCount, examples)
            {
                IsOnCpu = Device.Parse(recipe.Run.Device).Type == DeviceType.Cpu,
                CanSplit = recipe.CanSplitUpdates,
                HasDropout = recipe.DrawsDropout(backbone),
            });
        return recipe.With(run, training);
    }

    static bool ShardsWeights(IRecipe recipe) => recipe.Run.ShardWeights && Ranks.AreMany;

    /// <summary>The recipe with one worker: several would gather weights at the same time.</summary>
    /// <exception cref="InvalidDataException">The model or the training cannot be used with <c>run.shardWeights</c>.</exception>
    static IRecipe WithSharding(IRecipe recipe, Backbone backbone)
    {
        if (!recipe.CanShardWeights)
            throw new InvalidDataException("`run.shardWeights` must be false for this method, which needs all weights at once.");
        if (backbone is not Decoder)
            throw new InvalidDataException(
                "`run.shardWeights` must be false for this model: it shards decoders only, such as Llama or GPT-2.");
        if (recipe.DrawsDropout(backbone))
            throw new InvalidDataException(
                "`run.shardWeights` must be false with dropout: the backward pass computes layers again, with other noise. Or switch the "
                + "dropout off.");
        if (recipe.Training.Workers > 1)
            throw new InvalidDataException(
                $"`training.workers` must be 1 with `run.shardWeights` (was {recipe.Training.Workers}): the processes share the work.");
        return recipe.With(recipe.Run, recipe.Training with { Workers = 1 });
    }

    static void Train(IRecipe recipe, Run run, CancellationToken cancellation)
    {
        using var sharding = ShardsWeights(recipe) ? Ranks.Use(new WeightSharding(Ranks.Current)) : null;
        recipe.Train(run, cancellation);
    }

    static bool IsFinished(RunFolder folder, IRunDisplay display)
    {
        if (folder.IsFinished)
            display.End($"the run in {folder.Path} is finished; its model is in {folder.Model}");
        return folder.IsFinished;
    }

    /// <summary>The lines in which a recipe differs from the one that a run was started by.</summary>
    static void NoteChanges(string before, string now, RunFolder folder, IRunDisplay display)
    {
        var (old, own) = (before.Split('\n'), now.Split('\n'));
        if (old[0] != own[0])
            throw new InvalidDataException($"{folder.Path} holds a run of another method ({old[0]}); give another Run.Output");
        string[] changed = [.. own.Except(old, StringComparer.Ordinal).Select(line => line.Trim(' ', '-'))];
        if (changed.Length > 0)
            display.Notice($"the recipe differs from the one that {folder.Path} was started by: {string.Join("; ", changed)}");
    }
}
