using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Testing.Models;

namespace Attune.Cli.Tests;

/// <summary>
/// A study of two variants with two seeds each: trained, stopped, killed, resumed and reported.
/// </summary>
public sealed class StudyTests : IDisposable
{
    static readonly string[] Names = ["base/seed-1", "slow/seed-1", "base/seed-2", "slow/seed-2"];

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Study_Finished_IsReportedAndNotTrainedAgain()
    {
        var study = Study(steps: 4);
        var (code, output, error) = Commands.RunProcess("study", study, "--jobs", "2", "--write", folder.File("docs"));
        Assert.True(code == 0, error);
        Assert.Contains("4 of 4 runs finished", output, StringComparison.Ordinal);
        Assert.All(Names, name => Assert.True(Run(name).IsFinished, name));
        Assert.All(Names, name => Assert.Contains("done in", Log(name), StringComparison.Ordinal));

        double[] means =
            [.. new[] { "base", "slow" }.Select(variant => (LastLoss($"{variant}/seed-1") + LastLoss($"{variant}/seed-2")) / 2)];
        var page = File.ReadAllLines(folder.File("docs/tiny.md"));
        Assert.StartsWith($"| base | {ThreeDigits(means[0])} ± ", Row("| base"), StringComparison.Ordinal);
        Assert.StartsWith($"| slow | {ThreeDigits(means[1])} ± ", Row("| slow"), StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("docs/images/tiny-speed.svg")));
        Assert.Contains(ThreeDigits(means[1]), File.ReadAllText(folder.File("runs/report.html")), StringComparison.Ordinal);

        DateTime[] written = [.. Names.Select(name => File.GetLastWriteTimeUtc(Run(name).Metrics))];
        (code, output, _) = Commands.Run("study", study);
        Assert.Equal(0, code);
        Assert.Contains("4 of 4 runs finished", output, StringComparison.Ordinal);
        Assert.Equal(written, Names.Select(name => File.GetLastWriteTimeUtc(Run(name).Metrics)));

        string Row(string start) => page.First(line => line.StartsWith(start, StringComparison.Ordinal));
    }

    [Fact]
    public void Study_StoppedAndKilled_ResumesToTheSameBits()
    {
        var study = Study(steps: 400);
        Assert.Equal(130, Interrupt(study, process => Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit()));
        Assert.False(Run("base/seed-2").IsFinished);
        Assert.Equal(137, Interrupt(study, process => process.Kill()));

        var (code, _, error) = Commands.RunProcess("study", study, "--jobs", "2");
        Assert.True(code == 0, error);
        Assert.Contains("resuming after step", Log("base/seed-1"), StringComparison.Ordinal);
        Assert.All(Names, name => Assert.Equal(File.ReadAllBytes(TrainAlone(name)), File.ReadAllBytes(Weights(Run(name)))));
    }

    [Fact]
    public void Study_RunFails_IsReportedAndTheOthersContinue()
    {
        var study = Study(steps: 2);
        Replace(study, "optimizer.learningRate=1e-5", $"data.train={folder.Write("empty.jsonl", "")}");
        var (code, output, _) = Commands.RunProcess("study", study, "--jobs", "2");
        Assert.Equal(1, code);
        Assert.Contains("slow/seed-2 failed: ", output, StringComparison.Ordinal);
        Assert.Contains("2 of 4 runs finished, 2 failed", output, StringComparison.Ordinal);
        Assert.Contains("slow/seed-1 failed: ", File.ReadAllText(folder.File("runs/report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void Study_ErrorsInTheFile_AreReportedBeforeAnyRunStarts()
    {
        var study = Study(steps: 2);
        Replace(study, "learningRate=1e-5", "learningrate=1");
        Replace(study, "output:", "outputs:");
        var (code, _, error) = Commands.Run("study", study);
        Assert.Equal(2, code);
        Assert.Contains("'outputs' is not a key of this study. Did you mean 'output'?", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("runs")));
    }

    string Study(int steps)
    {
        var recipe = folder.Write("pretrain.yaml", $$"""
            method: pretrain
            run: { device: cpu, threads: 1, checkpointEvery: 20 }
            newModel: { family: llama, layers: 1, width: 32, heads: 2, context: 48 }
            tokenizer: { vocabularySize: 300 }
            data: { train: {{TinyData.Documents(folder)}} }
            training: { batchSize: 4, steps: {{steps}} }
            """);
        return folder.Write("tiny.yaml", $"""
            recipe: {recipe}
            output: {folder.File("runs")}
            seeds: [1, 2]
            curves: [eval/loss]
            figures: [eval/loss, time/seconds]
            groups:
              - name: Speed
                base: 1e-3
                variants:
                  - name: slow
                    set: [optimizer.learningRate=1e-5]
            """);
    }

    static void Replace(string file, string oldText, string newText) =>
        File.WriteAllText(file, File.ReadAllText(file).Replace(oldText, newText, StringComparison.Ordinal));

    /// <summary>Trains a run of the study on its own and without interruption; returns the path of its weights.</summary>
    string TrainAlone(string name)
    {
        string[] variant = name.StartsWith("slow", StringComparison.Ordinal) ? ["optimizer.learningRate=1e-5"] : [];
        var run = new RunFolder(folder.File($"alone/{name}"));
        string[] train = ["train", folder.File("pretrain.yaml"), $"run.seed={name[^1]}", $"run.output={run.Path}", .. variant];
        var (code, _, error) = Commands.Run(train);
        Assert.True(code == 0, error);
        return Weights(run);
    }

    static string Weights(RunFolder run) => Path.Combine(run.Model, "model.safetensors");

    RunFolder Run(string name) => new(folder.File($"runs/{name}"));

    string Log(string name) => File.ReadAllText(Path.Combine(Run(name).Path, "log.txt"));

    /// <summary>The size of a run's log of metrics in bytes.</summary>
    long Logged(string name) => new FileInfo(Run(name).Metrics) is { Exists: true } log ? log.Length : 0;

    /// <summary>The last held-out loss.</summary>
    double LastLoss(string name) => File.ReadLines(Run(name).Metrics)
        .Select(line => JsonNode.Parse(line)!["eval/loss"]).OfType<JsonNode>().Last().GetValue<double>();

    static string ThreeDigits(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Starts the study, ends it after some steps of its first two runs, and returns the exit code.</summary>
    int Interrupt(string study, Action<Process> end)
    {
        const int SomeSteps = 600;
        var (first, second) = (Logged("base/seed-1") + SomeSteps, Logged("slow/seed-1") + SomeSteps);
        using var process = Commands.Start("study", study, "--jobs", "2");
        var clock = Stopwatch.StartNew();
        while (!process.HasExited && clock.Elapsed < TimeSpan.FromMinutes(2)
            && !(Logged("base/seed-1") > first && Logged("slow/seed-1") > second))
            Thread.Sleep(5);
        end(process);
        process.WaitForExit();
        WaitUntilFree("base/seed-1", "slow/seed-1");
        return process.ExitCode;
    }

    /// <summary>Waits until the children of a killed command have stopped.</summary>
    void WaitUntilFree(params string[] names)
    {
        var clock = Stopwatch.StartNew();
        foreach (var name in names)
            while (clock.Elapsed < TimeSpan.FromMinutes(1))
                try
                {
                    Run(name).Lock().Dispose();
                    break;
                }
                catch (InvalidDataException)
                {
                    Thread.Sleep(50);
                }
    }
}
