using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Testing.Models;

namespace Attune.Cli.Tests;

/// <summary>A study of two variants with two seeds each, through the real program: trained, stopped, gone on with, left, reported.</summary>
public sealed class StudyTests : IDisposable
{
    static readonly string[] Names = ["base/seed-1", "slow/seed-1", "base/seed-2", "slow/seed-2"];

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AStudyIsTrainedReportedAndLeftWhenItIsFinished()
    {
        var study = Study(steps: 4);
        var (code, output, error) = Commands.RunApart("study", study, "--jobs", "2", "--write", folder.File("docs"));
        Assert.True(code == 0, error);
        Assert.Contains("4 of 4 runs have ended", output, StringComparison.Ordinal);
        Assert.All(Names, name => Assert.True(Run(name).IsFinished, name));
        Assert.All(Names, name => Assert.Contains("done in", File.ReadAllText(Path.Combine(Run(name).Path, "log.txt")), StringComparison.Ordinal));

        var means = new[] { "base", "slow" }.Select(variant => (LastLoss($"{variant}/seed-1") + LastLoss($"{variant}/seed-2")) / 2).ToArray();
        var page = File.ReadAllLines(folder.File("docs/tiny.md"));
        Assert.StartsWith($"| base | {ThreeDigits(means[0])} ± ", page.First(line => line.StartsWith("| base", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.StartsWith($"| slow | {ThreeDigits(means[1])} ± ", page.First(line => line.StartsWith("| slow", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("docs/images/tiny-speed.svg")));
        Assert.Contains(ThreeDigits(means[1]), File.ReadAllText(folder.File("runs/report.html")), StringComparison.Ordinal);

        DateTime[] written = [.. Names.Select(name => File.GetLastWriteTimeUtc(Run(name).Metrics))];
        (code, output, _) = Commands.Run("study", study);
        Assert.Equal(0, code);
        Assert.Contains("4 of 4 runs have ended", output, StringComparison.Ordinal);
        Assert.Equal(written, Names.Select(name => File.GetLastWriteTimeUtc(Run(name).Metrics)));
    }

    [Fact]
    public void AStudyThatIsStoppedAndThenKilledGoesOnToTheSameBits()
    {
        var study = Study(steps: 400);
        Assert.Equal(130, Interrupt(study, process => Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit()));
        Assert.False(Run("base/seed-2").IsFinished);
        Assert.Equal(137, Interrupt(study, process => process.Kill()));

        var (code, _, error) = Commands.RunApart("study", study, "--jobs", "2");
        Assert.True(code == 0, error);
        Assert.Contains("going on after step", File.ReadAllText(Path.Combine(Run("base/seed-1").Path, "log.txt")), StringComparison.Ordinal);
        Assert.All(Names, name => Assert.Equal(File.ReadAllBytes(TrainAlone(name)), File.ReadAllBytes(Weights(Run(name)))));
    }

    [Fact]
    public void ARunThatFailsIsSaidAndTheOthersGoOn()
    {
        var study = Study(steps: 2);
        File.WriteAllText(study, File.ReadAllText(study).Replace("optimizer.learningRate=1e-5", $"data.train={folder.Write("empty.jsonl", "")}", StringComparison.Ordinal));
        var (code, output, _) = Commands.RunApart("study", study, "--jobs", "2");
        Assert.Equal(1, code);
        Assert.Contains("slow/seed-2 failed: ", output, StringComparison.Ordinal);
        Assert.Contains("2 of 4 runs have ended, 2 failed", output, StringComparison.Ordinal);
        Assert.Contains("slow/seed-1 failed: ", File.ReadAllText(folder.File("runs/report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void MistakesAreSaidTogetherBeforeAnythingRuns()
    {
        var study = Study(steps: 2);
        File.WriteAllText(study, File.ReadAllText(study).Replace("learningRate=1e-5", "learningrate=1", StringComparison.Ordinal).Replace("output:", "outputs:", StringComparison.Ordinal));
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

    /// <summary>Trains a run of the study without the study, and whole; the weights.</summary>
    string TrainAlone(string name)
    {
        string[] variant = name.StartsWith("slow", StringComparison.Ordinal) ? ["optimizer.learningRate=1e-5"] : [];
        var run = new RunFolder(folder.File($"alone/{name}"));
        var (code, _, error) = Commands.Run(["train", folder.File("pretrain.yaml"), $"run.seed={name[^1]}", $"run.output={run.Path}", .. variant]);
        Assert.True(code == 0, error);
        return Weights(run);
    }

    static string Weights(RunFolder run) => Path.Combine(run.Model, "model.safetensors");

    RunFolder Run(string name) => new(folder.File($"runs/{name}"));

    /// <summary>Bytes that a run has logged.</summary>
    long Logged(string name) => new FileInfo(Run(name).Metrics) is { Exists: true } log ? log.Length : 0;

    /// <summary>The loss of the last look at held-out texts.</summary>
    double LastLoss(string name) => File.ReadLines(Run(name).Metrics).Select(line => JsonNode.Parse(line)!["eval/loss"]).OfType<JsonNode>().Last().GetValue<double>();

    static string ThreeDigits(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Starts the study and ends it in some way when its first two runs have done some steps; the exit code.</summary>
    int Interrupt(string study, Action<Process> end)
    {
        const int SomeSteps = 600;
        var (first, second) = (Logged("base/seed-1") + SomeSteps, Logged("slow/seed-1") + SomeSteps);
        using var process = Commands.Start("study", study, "--jobs", "2");
        var clock = Stopwatch.StartNew();
        while (!process.HasExited && clock.Elapsed < TimeSpan.FromMinutes(2) && !(Logged("base/seed-1") > first && Logged("slow/seed-1") > second))
            Thread.Sleep(5);
        end(process);
        process.WaitForExit();
        WaitUntilFree("base/seed-1", "slow/seed-1");
        return process.ExitCode;
    }

    /// <summary>What a killed command had started stops by itself.</summary>
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
