using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Runs;

/// <summary>Runs whose tokenized data is in a file.</summary>
public sealed class TokenizedDataTests : IDisposable
{
    readonly TinyRuns runs = new();
    readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        runs.Dispose();
        folder.Dispose();
    }

    public static TheoryData<string> Kinds => [.. TinyRuns.OfflineKinds, "ppo", "rft"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Train_DataInAFile_GivesTheBitsOfDataInMemory(string kind)
    {
        var (inMemory, first, second) = (Run("off", "memory"), Run("on", "first"), Run("on", "second"));
        Assert.Equal(TinyRuns.Weights(inMemory.Run), TinyRuns.Weights(first.Run));
        Assert.Equal(TinyRuns.Weights(inMemory.Run), TinyRuns.Weights(second.Run));
        Assert.Equal(inMemory.Notices, first.Notices);
        Assert.Equal(inMemory.Notices, second.Notices);
        Assert.Equal(Kept(inMemory.Run), Kept(first.Run));
        Assert.Equal(Kept(inMemory.Run), Kept(second.Run));
        Assert.NotEmpty(Directory.EnumerateFiles(runs.PathTo(".attune-cache"), "*.tokens"));

        (RunFolder Run, List<string> Notices) Run(string cache, string output)
        {
            var display = new RecordingDisplay();
            return (runs.Start(kind, WithCache(runs.Recipe(kind, output, steps: 2), cache), display), display.Notices);
        }
    }

    [Fact]
    public void Resume_DataInAFile_GivesTheBitsOfAWholeRun()
    {
        var whole = runs.Start("sft", WithCache(runs.Recipe("sft", "whole"), "on"));
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(
            () => runs.Start("sft", WithCache(runs.Recipe("sft", "parts"), "on"), display, display.Token));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("parts")));
    }

    /// <summary>What the run folder has about the data.</summary>
    static (string, string) Kept(RunFolder run) =>
        (File.ReadAllText(run.Data), File.Exists(run.TrainedRows) ? File.ReadAllText(run.TrainedRows) : "");

    IRecipe WithCache(IRecipe recipe, string cache)
    {
        var method = MethodCatalog.For(recipe);
        var file = folder.Write("recipe.yaml", RecipeWriter.Write(method.Name, recipe, withComments: false));
        return RecipeReader.Read(method.Name, file, [$"data.cache={cache}"], pathsMustExist: true).Recipe;
    }
}
