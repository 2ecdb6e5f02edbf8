using Attune.Training.Batches;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Training.Tests;

/// <summary>The rule of docs/recipes.md: threads, workers and micro-batches that a recipe does not set.</summary>
public sealed class ParallelismTests : IDisposable
{
    const long Small = 4_300_000;
    const long Large = 82_000_000;

    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData(2, 16, 2, 8)]
    [InlineData(4, 16, 4, 4)]
    [InlineData(4, 7, 4, 2)]
    [InlineData(8, 3, 3, 1)]
    [InlineData(64, 128, 16, 8)]
    public void Choose_SmallModel_AWorkerForEachProcessor(int processors, int examples, int workers, int microBatchSize) => Assert.Equal(
        (1, workers, microBatchSize, 512), Choose(new(processors, Small, examples)));

    [Theory]
    [InlineData(1, 512)]
    [InlineData(2, 512)]
    [InlineData(16, 4096)]
    public void Choose_LargeModel_AllProcessorsInEachOperator(int processors, int tokens) => Assert.Equal(
        (processors, 1, 0, tokens), Choose(new(processors, Large, 16)));

    [Fact]
    public void Choose_OneExample_AllProcessorsInEachOperator() => Assert.Equal((4, 1, 0, 1024), Choose(new(4, Small, 1)));

    [Fact]
    public void Choose_Dropout_OneWorker() => Assert.Equal((2, 1, 0, 512), Choose(new(2, Small, 16) { HasDropout = true }));

    [Fact]
    public void Choose_LossThatComparesExamples_WholeBatch() => Assert.Equal((2, 1, 0, 0), Choose(new(2, Small, 16) { CanSplit = false }));

    [Fact]
    public void Choose_Gpu_WholeBatch() => Assert.Equal((8, 1, 0, 0), Choose(new(8, Small, 16) { IsOnCpu = false }));

    [Fact]
    public void Choose_ExplicitValues_Stay()
    {
        var small = new Workload(4, Small, 16);
        Assert.Equal((3, 1, 0, 768), Choose(small, threads: 3));
        Assert.Equal((1, 2, 8, 512), Choose(small, new() { Workers = 2 }));
        Assert.Equal((4, 1, 0, 0), Choose(small, new() { MicroBatchSize = 0 }));
        Assert.Equal((1, 2, 8, 0), Choose(small, new() { MicroBatchSize = 8 }));
        Assert.Equal((1, 4, 0, 800), Choose(small, new() { MicroBatchTokens = 800 }));
        Assert.Equal((5, 3, 2, 100), Choose(small, new() { Workers = 3, MicroBatchSize = 2, MicroBatchTokens = 100 }, threads: 5));
    }

    [Fact]
    public void Start_NothingSet_RecordsTheChoice()
    {
        var recipe = Unset("dpo", "a");
        var folder = runs.Start("dpo", recipe);
        var recorded = RecipeReader.Read(null, folder.Recipe, []).Recipe;
        Assert.Equal(
            Values(Parallelism.Choose(recipe.Run, recipe.Training, new(Environment.ProcessorCount, 1, 4))),
            Values((recorded.Run, recorded.Training)));
        Assert.Equal(
            TinyRuns.Weights(folder),
            TinyRuns.Weights(runs.Start("dpo", recorded.With(recorded.Run with { Output = runs.PathTo("b") }, recorded.Model))));
    }

    [Fact]
    public void Resume_RunOfAnotherMachine_KeepsItsNumbers()
    {
        var recipe = Unset("dpo", "a");
        var file = runs.PathTo("recorded.yaml");
        var other = recipe.With(
            recipe.Run with { Threads = 1 }, recipe.Training with { Workers = 48, MicroBatchSize = 3, MicroBatchTokens = 99 });
        File.WriteAllText(file, RecipeWriter.Write("dpo", other, withComments: false));
        Assert.Equal((1, 48, 3, 99), Values(RecordedParallelism.AddTo(recipe, file)));
        Assert.Equal((1, 48, 3, 99), Values(RecipeRunner.WithParallelism(RecipeReader.Read(null, file, []).Recipe)));
        var mine = recipe.With(recipe.Run with { Threads = 2 }, recipe.Training with { MicroBatchSize = 1 });
        Assert.Equal((2, 48, 1, 0), Values(RecordedParallelism.AddTo(mine, file)));
    }

    [Fact]
    public void StartOrResume_NothingSet_ReportsNoChange()
    {
        var recipe = Unset("dpo", "a");
        runs.Start("dpo", recipe);
        var display = new RecordingDisplay();
        RecipeRunner.StartOrResume(recipe, display, CancellationToken.None);
        Assert.DoesNotContain(display.Notices, notice => notice.Contains("differs", StringComparison.Ordinal));
    }

    /// <summary>A recipe that leaves threads, workers and micro-batches to the program.</summary>
    IRecipe Unset(string method, string output)
    {
        var recipe = runs.Recipe(method, output, steps: 2);
        return recipe.With(recipe.Run, recipe.Training with { MicroBatchSize = null });
    }

    static (int Threads, int Workers, int? Size, int Tokens) Choose(Workload load, BatchOptions? training = null, int threads = 0) =>
        Values(Parallelism.Choose(new() { Threads = threads }, training ?? new(), load));

    static (int Threads, int Workers, int? Size, int Tokens) Values(IRecipe recipe) => Values((recipe.Run, recipe.Training));

    static (int Threads, int Workers, int? Size, int Tokens) Values((RunOptions Run, BatchOptions Training) options) =>
        (options.Run.Threads, options.Training.Workers, options.Training.MicroBatchSize, options.Training.MicroBatchTokens);
}
