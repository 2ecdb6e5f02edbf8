using System.Diagnostics;
using Attune.Reporting.Health;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Runs;

/// <summary>A named pipe in place of a file of a run: opening one blocks until another program writes to it.</summary>
public sealed class NamedPipeTests : IDisposable
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData("recipe.yaml")]
    [InlineData("started.txt")]
    [InlineData("data.json")]
    [InlineData("trained-rows.txt")]
    [InlineData("metrics.jsonl")]
    [InlineData("samples.jsonl")]
    [InlineData("health.jsonl")]
    [InlineData("sessions.jsonl")]
    [InlineData("summary.json")]
    [InlineData(".lock")]
    public async Task Resume_NamedPipeInTheRunFolder_IsRefusedAtOnce(string file)
    {
        var display = new RecordingDisplay(cancelAfter: 1);
        Assert.Throws<OperationCanceledException>(() => runs.Start("sft", runs.Recipe("sft", "run"), display, display.Token));
        var pipe = Replace(new(runs.PathTo("run")), file);
        var error = await Assert.ThrowsAsync<InvalidDataException>(
            () => Task.Run(() => runs.Resume("run"), TestContext.Current.CancellationToken).WaitAsync(Soon, CancellationToken.None));
        Assert.Equal($"{pipe} must be a regular file (was a named pipe)", error.Message);
    }

    [Fact]
    public async Task Read_NamedPipeInTheRunFolder_IsRefusedAtOnce()
    {
        var run = runs.Start("sft", runs.Recipe("sft", "run", steps: 1));
        foreach (var (file, read) in ((string, Action)[])[
            ("metrics.jsonl", () => RunRecord.Read(run)), ("metrics.jsonl", () => RunRecord.ReadEnd(run)),
            ("metrics.jsonl", () => RunReport.Write(run, MethodCatalog.Find("sft")!)),
            ("samples.jsonl", () => RunRecord.Read(run)), ("health.jsonl", () => HealthEvent.Read(run)),
            ("sessions.jsonl", () => RunSession.Read(run))])
        {
            var pipe = Replace(run, file);
            var error = await Assert.ThrowsAsync<InvalidDataException>(
                () => Task.Run(read, TestContext.Current.CancellationToken).WaitAsync(Soon, CancellationToken.None));
            Assert.Equal($"{pipe} must be a regular file (was a named pipe)", error.Message);
            File.Delete(pipe);
        }
    }

    static string Replace(RunFolder run, string file)
    {
        var path = Path.Combine(run.Path, file);
        File.Delete(path);
        using var made = Process.Start("mkfifo", path);
        made.WaitForExit();
        return path;
    }
}
