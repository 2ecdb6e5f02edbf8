using Attune.Reporting.Files;
using Attune.Reporting.Runs;
using Attune.Testing;

namespace Attune.Training.Tests.Runs;

/// <summary>A run that was stopped and resumed gives bit-identical results to an uninterrupted one.</summary>
public sealed class ResumeTests : IDisposable
{
    readonly TinyRuns runs = new();

    public static TheoryData<string> Kinds => [.. TinyRuns.Kinds];

    public void Dispose() => runs.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TheSameRecipeAndSeedGiveTheSameBits(string method) => Assert.Equal(
        TinyRuns.Weights(runs.Start(method, runs.Recipe(method, "a"))),
        TinyRuns.Weights(runs.Start(method, runs.Recipe(method, "b"))));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ACancelledRunGoesOnToTheSameBits(string method)
    {
        var whole = runs.Start(method, runs.Recipe(method, "whole"));
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(() => runs.Start(method, runs.Recipe(method, "parts"), display, display.Token));
        Assert.Contains("attune train", display.Ended);
        var second = new RecordingDisplay();
        var resumed = runs.Resume("parts", second);
        Assert.Equal((3, 6), second.Began);
        Assert.Equal(3, second.Steps.Count);
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(resumed));
        Assert.Equal(StepsOf(whole), StepsOf(resumed));
    }

    [Fact]
    public void ADamagedCheckpointIsSaidAndTheOneBeforeIsUsed()
    {
        var whole = runs.Start("sft", runs.Recipe("sft", "whole"));
        var display = new RecordingDisplay(cancelAfter: 5);
        Assert.Throws<OperationCanceledException>(() => runs.Start("sft", runs.Recipe("sft", "parts"), display, display.Token));
        var newest = Path.Combine(runs.PathTo("parts"), "checkpoints", "step-000005", "state.safetensors");
        var bytes = File.ReadAllBytes(newest);
        bytes[^100] ^= 1;
        File.WriteAllBytes(newest, bytes);
        var second = new RecordingDisplay();
        var resumed = runs.Resume("parts", second);
        Assert.Contains(second.Notices, notice =>
            notice.Contains("damaged", StringComparison.Ordinal) && notice.Contains("step-000005", StringComparison.Ordinal));
        Assert.Equal((4, 6), second.Began);
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(resumed));
    }

    [Fact]
    public void ADamagedCheckpointPushesOutNoGoodOne()
    {
        var display = new RecordingDisplay(cancelAfter: 5);
        Assert.Throws<OperationCanceledException>(() => runs.Start("sft", runs.Recipe("sft", "parts", steps: 8), display, display.Token));
        var checkpoints = Path.Combine(runs.PathTo("parts"), "checkpoints");
        File.WriteAllText(Path.Combine(checkpoints, "step-000005", "manifest.json"), "{}");
        var second = new RecordingDisplay();
        runs.Resume("parts", second);
        Assert.Equal((4, 8), second.Began);
        Assert.Equal(["damaged-000005", "step-000006", "step-000008"], Directory.EnumerateDirectories(checkpoints).Select(Path.GetFileName)
            .Order());
    }

    [Fact]
    public void AnUnfinishedCheckpointIsNeverUsed()
    {
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(() => runs.Start("sft", runs.Recipe("sft", "parts"), display, display.Token));
        var checkpoints = Path.Combine(runs.PathTo("parts"), "checkpoints");
        Directory.CreateDirectory(Path.Combine(checkpoints, "step-000004.unfinished"));
        File.WriteAllText(Path.Combine(checkpoints, "step-000004.unfinished", "state.json"), "{");
        var second = new RecordingDisplay();
        runs.Resume("parts", second);
        Assert.Equal((3, 6), second.Began);
        Assert.False(Directory.Exists(Path.Combine(checkpoints, "step-000004.unfinished")));
    }

    [Fact]
    public void ACheckpointUnderTheNameOfAnotherStepIsNotUsed()
    {
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(() => runs.Start("sft", runs.Recipe("sft", "parts"), display, display.Token));
        var checkpoints = Path.Combine(runs.PathTo("parts"), "checkpoints");
        Directory.Move(Path.Combine(checkpoints, "step-000003"), Path.Combine(checkpoints, "step-000005"));
        var second = new RecordingDisplay();
        runs.Resume("parts", second);
        Assert.Equal((2, 6), second.Began);
    }

    [Fact]
    public void ADamagedLineOfTheLogTakesNoOtherLineWithIt()
    {
        var whole = runs.Start("sft", runs.Recipe("sft", "whole"));
        var display = new RecordingDisplay(cancelAfter: 4);
        Assert.Throws<OperationCanceledException>(() => runs.Start("sft", runs.Recipe("sft", "parts"), display, display.Token));
        var log = Path.Combine(runs.PathTo("parts"), "metrics.jsonl");
        var lines = File.ReadAllLines(log);
        lines[1] = "{\"step\":1,\"lo";
        File.WriteAllText(log, string.Join('\n', lines) + "\n{\"step\":5,\"lo");
        var resumed = runs.Resume("parts");
        Assert.Equal(StepsOf(whole).Count() - 1, StepsOf(resumed).Count());
    }

    [Fact]
    public void OldCheckpointsAreDropped()
    {
        var run = runs.Start("sft", runs.Recipe("sft", "a", checkpointEvery: 1));
        Assert.Equal(["step-000005", "step-000006"], Directory.EnumerateDirectories(run.Checkpoints).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void AFinishedRunIsLeftAsItIs()
    {
        var run = runs.Start("sft", runs.Recipe("sft", "a"));
        var written = File.GetLastWriteTimeUtc(run.Summary);
        var display = new RecordingDisplay();
        runs.Resume("a", display);
        Assert.Contains("finished", display.Ended);
        Assert.Equal(written, File.GetLastWriteTimeUtc(run.Summary));
    }

    [Fact]
    public void AFolderWithARunIsNotOverwritten()
    {
        runs.Start("sft", runs.Recipe("sft", "a"));
        var error = Assert.Throws<InvalidDataException>(() => runs.Start("sft", runs.Recipe("sft", "a")));
        Assert.Contains("already has a run", error.Message);
    }

    [Fact]
    public void AFolderInUseIsRefused()
    {
        using var taken = new RunFolder(runs.PathTo("a")).Lock();
        Assert.Contains("in use", Assert.Throws<InvalidDataException>(() => runs.Start("sft", runs.Recipe("sft", "a"))).Message);
    }

    [Fact]
    public void MetricsOfStepsAfterTheCheckpointAreWrittenOnce()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("metrics.jsonl", """
            {"step":1,"loss":3}
            {"step":2,"loss":2}
            {"step":3,"lo
            """);
        using (var log = new JsonLinesLog(path, step: 1))
            log.Write(new() { ["step"] = 2, ["loss"] = 2.5 });
        Assert.Equal(["{\"step\":1,\"loss\":3}", "{\"step\":2,\"loss\":2.5}"], File.ReadAllLines(path));
    }

    static IEnumerable<int> StepsOf(RunFolder run) => JsonLinesLog.Read(run.Metrics).Select(line => (int)line["step"]!);
}
