using Attune.Testing.Models;
using static Attune.Cli.Tests.Commands;

namespace Attune.Cli.Tests;

/// <summary>`attune runs list`, `compare` and `tail`, and the event files of runs.</summary>
public sealed class RunsCommandTests : ModelFolderTests
{
    [Fact]
    public void List_ShowsMethodStateStepsAndLastValues()
    {
        Run("runs/one", "3e-4", finished: true);
        Run("runs/two/seed-1", "1e-4", finished: false);
        var output = Succeed("runs", "list", folder.File("runs"));
        Assert.Matches(@"one +sft +finished +4 +Loss, held-out 0\.5", output);
        Assert.Matches(@"two/seed-1 +sft +stopped +4 of 8 ", output);
        Assert.Equal($"{model} has no runs\n", Succeed("runs", "list", model));
        Fail("there is no folder nowhere", "runs", "list", "nowhere");
    }

    [Fact]
    public void Compare_DrawsCurvesAndListsDifferences()
    {
        var (one, two) = (Run("runs/one", "3e-4", finished: true), Run("runs/two", "1e-4", finished: true));
        var output = Succeed("runs", "compare", one, two, "--metric", "loss", "--metric", "eval/loss", "--report", folder.File("x.html"));
        Assert.Contains("Loss (nats a token)", output);
        Assert.Contains("Loss, held-out (nats a token)", output);
        Assert.Contains($"a {one}", output);
        Assert.Contains($"b {two}", output);
        Assert.Matches("optimizer.learningRate +3e-4 +1e-4", output);
        Assert.Matches("eval/loss +0.5 +0.5", output);
        Assert.Contains("<h1>2 runs</h1>", File.ReadAllText(folder.File("x.html")));
        Fail("no run has the metric 'los'; the metrics are eval/loss, loss, time/seconds", "runs", "compare", one, "--metric", "los");
        Fail("smooth must be at least 0 and below 1 (was 2)", "runs", "compare", one, "--smooth", "2");
        Fail($"{model} is not the folder of a run; `attune runs list`", "runs", "compare", model);
    }

    [Fact]
    public void Tail_PrintsTheLastStepsOfARunThatHasEnded()
    {
        var output = Succeed("runs", "tail", Run("runs/one", "3e-4", finished: true), "--lines", "2");
        Assert.Equal("step 4      loss 1\nstep 4      eval/loss 0.5\n", output);
    }

    [Fact]
    public void Run_WritesAnEventFileAndAModelCard()
    {
        Succeed([.. Train("pretrain", model, TinyData.Documents(folder)), "training.steps=1", "batchSize=2"]);
        Assert.Single(Directory.GetFiles(folder.File("run"), "events.out.tfevents.*"));
        Assert.Contains("Attune's method `pretrain`", File.ReadAllText(folder.File("run/model/README.md")));
    }

    string Run(string name, string learningRate, bool finished)
    {
        folder.Write($"{name}/recipe.yaml", $"method: sft\ntraining:\n  steps: 8\noptimizer:\n  learningRate: {learningRate}\n");
        folder.Write($"{name}/metrics.jsonl", """
            {"step":0,"time/seconds":1,"eval/loss":4}
            {"step":1,"time/seconds":1,"loss":4}
            {"step":2,"time/seconds":2,"loss":3}
            {"step":3,"time/seconds":3,"loss":2}
            {"step":4,"time/seconds":4,"loss":1}
            {"step":4,"time/seconds":4,"eval/loss":0.5}

            """);
        if (finished)
            folder.Write($"{name}/summary.json", "{}");
        return folder.File(name);
    }
}
