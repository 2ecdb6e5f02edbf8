using System.Text.Json.Nodes;
using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Runs;

/// <summary>The model of the step with the highest held-out gold reward is saved.</summary>
public sealed class BestStepTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void TheModelIsThatOfTheBestStepAndNotOfTheLast(double goldWeight)
    {
        var display = new RecordingDisplay();
        var recipe = Recipe("a", goldWeight);
        var run = runs.Start("ppo", recipe with { Run = recipe.Run with { CheckpointEvery = 1, KeepCheckpoints = 99 } }, display);
        var step = BestOf(run).Step;
        Assert.Equal(Table(run, $"step-{step:D6}"), ModelTable(run));
        Assert.Equal(step == 8, Table(run, "step-000008").SequenceEqual(ModelTable(run)));
        Assert.Contains(display.Notices, notice =>
            notice.StartsWith($"the model is that of step {step}, with the highest eval/gold: ", StringComparison.Ordinal));
    }

    [Fact]
    public void TheBestStepIsTheOneWithTheHighestGoldRewardAndSurvivesLaterCheckpoints()
    {
        var run = runs.Start("ppo", Recipe("a", goldWeight: 1));
        var gold = Metric(run, "eval/gold");
        var (step, value) = BestOf(run);
        Assert.Equal(9, gold.Count);                                                     // before the first of eight steps, and after each
        Assert.Equal(gold.MaxBy(point => point.Y), new(step, value));
        Assert.InRange(step, 1, 8);
        Assert.Equal(["best", "step-000006", "step-000008"], Directory.GetDirectories(run.Checkpoints).Select(Path.GetFileName).Order());
        Assert.Equal(Metric(run, "eval/score").Select(point => Math.Round(point.Y, 6)), gold.Select(point => Math.Round(point.Y, 6)));
        Assert.Contains("Score and gold reward", File.ReadAllText(run.Report), StringComparison.Ordinal);
    }

    [Fact]
    public void TheLastStepIsTakenWhereThatIsAskedFor()
    {
        var run = runs.Start("ppo", Recipe("a", goldWeight: -1) with { Best = BestBy.Last });
        var without = runs.Start("ppo", Recipe("b", goldWeight: -1) with { GoldReward = [] });
        Assert.Equal(TinyRuns.Weights(without), TinyRuns.Weights(run));
        Assert.False(Directory.Exists(Path.Combine(run.Checkpoints, "best")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void AnInterruptedRunMakesTheSameModel(int stop)
    {
        var whole = runs.Start("ppo", Recipe("whole", goldWeight: 1));
        var display = new RecordingDisplay(cancelAfter: stop);
        try
        {
            runs.Start("ppo", Recipe("parts", goldWeight: 1), display, display.Token);
        }
        catch (OperationCanceledException)
        {
            runs.Resume("parts");
        }
        var parts = new RunFolder(runs.PathTo("parts"));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(parts));
        Assert.Equal(BestOf(whole), BestOf(parts));
    }

    [Fact]
    public void ADamagedBestStepIsSaidAndLookedForAgain()
    {
        var display = new RecordingDisplay(cancelAfter: 5);
        Assert.Throws<OperationCanceledException>(() => runs.Start("ppo", Recipe("a", goldWeight: -1), display, display.Token));
        File.WriteAllText(Path.Combine(runs.PathTo("a"), "checkpoints", "best", "state.json"), "{}");
        var second = new RecordingDisplay();
        var run = runs.Resume("a", second);
        Assert.Contains(second.Notices, notice => notice.Contains("best is damaged", StringComparison.Ordinal));
        Assert.InRange(BestOf(run).Step, 6, 8);
    }

    [Fact]
    public void ARunThatWasKilledWhileTheBestStepTookItsPlaceHasIt()
    {
        var whole = runs.Start("ppo", Recipe("whole", goldWeight: -1));
        var display = new RecordingDisplay(cancelAfter: 5);
        Assert.Throws<OperationCanceledException>(() => runs.Start("ppo", Recipe("a", goldWeight: -1), display, display.Token));
        var best = Path.Combine(runs.PathTo("a"), "checkpoints", "best");
        Directory.Move(best, best + ".unfinished");
        var run = runs.Resume("a");
        Assert.Equal(BestOf(whole), BestOf(run));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(run));
    }

    static float[] Table(RunFolder run, string checkpoint)
    {
        using var state = Safetensors.Open(Path.Combine(run.Checkpoints, checkpoint, "state.safetensors"));
        return state.Read("policy/transformer.wte.weight").ToArray<float>();
    }

    static float[] ModelTable(RunFolder run)
    {
        using var model = Safetensors.Open(Path.Combine(run.Model, "model.safetensors"));
        return model.Read("transformer.wte.weight").ToArray<float>();
    }

    static (int Step, double Value) BestOf(RunFolder run)
    {
        var best = JsonNode.Parse(File.ReadAllText(run.Summary))!["best"]!;
        return ((int)best["step"]!, (double)best["value"]!);
    }

    static IReadOnlyList<Point> Metric(RunFolder run, string name) =>
        RunRecord.Read(run).Metrics.Single(metric => metric.Name == name).Points;

    PpoRecipe Recipe(string output, double goldWeight)
    {
        var recipe = (PpoRecipe)runs.Recipe("ppo", output, steps: 8);
        return recipe with
        {
            Run = recipe.Run with { EvaluateEvery = 1 },
            Data = recipe.Data with { HeldOut = recipe.Data.Train },
            Optimizer = new() { LearningRate = 3e-3 },
            Training = recipe.Training with { BatchSize = 16, MicroBatchSize = 0 },
            Kl = new() { Coef = 0.01 },
            Updates = new() { Epochs = 4, MiniBatches = 2 },
            GoldReward = [new ModelReward { Model = runs.RewardModel, Weight = goldWeight }],
        };
    }
}
