using Attune.Training.Runs;

namespace Attune.Training.Tests.Runs;

/// <summary>A run whose training loop is in a program, as in examples/custom-loop.cs.</summary>
public sealed class CustomLoopTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void ACancelledRunContinuesAfterItsLastStep()
    {
        var display = new RecordingDisplay(cancelAfter: 2);
        Assert.Throws<OperationCanceledException>(() => Steps(4, display));
        Assert.Equal("stopped after step 2, saved; run its program again to resume it", display.Ended);
        Assert.Equal([3, 4], Steps(4));
    }

    [Fact]
    public void TheCommandLineRefersToTheProgram()
    {
        Steps(1);
        var error = Assert.Throws<InvalidDataException>(() => runs.Resume("custom"));
        Assert.EndsWith("holds a run of a custom training loop; run its program again to resume it", error.Message);
    }

    [Fact]
    public void ARunOfARecipeIsNotContinued()
    {
        runs.Start("sft", runs.Recipe("sft", "custom", steps: 1));
        var error = Assert.Throws<InvalidDataException>(() => Steps(2));
        Assert.EndsWith("holds a run that was started by a recipe; choose another output", error.Message);
    }

    [Fact]
    public void Steps_SmallObjects_AreCollectedAfterSomeMegabytes()
    {
        using var run = new Run(new() { Output = runs.PathTo("custom"), Device = "cpu" });
        var before = GC.CollectionCount(0);
        foreach (var _ in run.Steps(20))
            for (var i = 0; i < 1024; i++)
                GC.KeepAlive(new byte[1024]);                              // 1 MiB in each step
        Assert.InRange(GC.CollectionCount(0) - before, 4, int.MaxValue);
    }

    /// <summary>Runs a loop with an empty body; returns the numbers of its steps.</summary>
    List<int> Steps(int total, RecordingDisplay? display = null)
    {
        using var run = new Run(new() { Output = runs.PathTo("custom"), Device = "cpu" }, display);
        return [.. run.Steps(total, cancellation: display?.Token ?? default).Select(step => step.Number)];
    }
}
