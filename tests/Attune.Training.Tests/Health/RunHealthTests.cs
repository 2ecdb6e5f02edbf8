using Attune.Reporting.Files;
using Attune.Reporting.Health;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;
using Attune.Training.Health;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Tests.Health;

/// <summary>The actions in a real run of PPO with an absurd learning rate.</summary>
public sealed class RunHealthTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void ItIsSaidAndNothingMoreUnlessAsked()
    {
        var display = new RecordingDisplay();
        var run = runs.Start("ppo", Sick("a", HealthAct.None), display);
        Assert.Equal(12, display.Steps.Count);
        Assert.Single(display.Notices, notice => notice.Contains("the KL from the reference is", StringComparison.Ordinal)
            && notice.Contains("kl.coef", StringComparison.Ordinal));
        Assert.Contains("KL too high", display.Words[^1], StringComparison.Ordinal);
        Assert.Contains(HealthEvent.Read(run), happened => happened is { Rule: "klHigh", What: "began", Severity: "alarm" });
        Assert.Contains("the KL from the reference is", File.ReadAllText(run.Report), StringComparison.Ordinal);
    }

    [Fact]
    public void BetaIsRaisedStepByStep()
    {
        var display = new RecordingDisplay();
        var run = runs.Start("ppo", Sick("a", HealthAct.RaiseBeta), display);
        var (first, last) = (display.Steps[0]["objective/kl_coef"], display.Steps[^1]["objective/kl_coef"]);
        var raised = HealthEvent.Read(run).Where(happened => happened.What == "β raised").ToList();
        Assert.InRange(raised.Count, 2, 4);
        Assert.Equal(first * Math.Pow(2, raised.Count(happened => happened.Step < display.Steps.Count)), last, 9);
    }

    [Fact]
    public void TheRunStopsWithACheckpoint()
    {
        var display = new RecordingDisplay();
        var error = Assert.Throws<TrainingStoppedException>(() => runs.Start("ppo", Sick("a", HealthAct.Stop), display));
        Assert.Contains("the KL from the reference is", error.Message, StringComparison.Ordinal);
        var step = display.Steps.Count;
        Assert.InRange(step, 4, 11);
        Assert.True(Directory.Exists(Path.Combine(runs.PathTo("a"), "checkpoints", $"step-{step:D6}")));
        Assert.Equal("stopped", HealthEvent.Read(new(runs.PathTo("a")))[^1].What);
        var second = new RecordingDisplay();
        Assert.Throws<TrainingStoppedException>(() => runs.Resume("a", second));
        Assert.Equal(step, second.Began.Step);
        Assert.Equal(2, second.Steps.Count);                     // it may continue for the steps of patience
    }

    [Fact]
    public void TheRunGoesBackToItsLastGoodCheckpointAndStopsWhenThatDoesNotHelp()
    {
        var display = new RecordingDisplay();
        var error = Assert.Throws<TrainingStoppedException>(() => runs.Start("ppo", Sick("a", HealthAct.RollBack), display));
        Assert.Contains("stopped after step", error.Message, StringComparison.Ordinal);
        var folder = new RunFolder(runs.PathTo("a"));
        var back = HealthEvent.Read(folder).Where(happened => happened.What == "rolled back").ToList();
        Assert.Equal(2, back.Count);
        var last = RunRecord.Read(folder).Steps;
        Assert.True(display.Steps.Count > last, $"{display.Steps.Count} steps were made, {last} are left");
        var steps = JsonLinesLog.Read(folder.Metrics).Where(line => line["objective/kl"] is not null).Select(line => (int)line["step"]!);
        Assert.Equal(Enumerable.Range(1, last), steps);
        var coefficients = RunRecord.Read(folder).Metrics.Single(metric => metric.Name == "objective/kl_coef").Points;
        Assert.Equal(4 * 0.05, coefficients[^1].Y, 9);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void ARunThatGoesBackDoesTheSameAfterItWasInterrupted(double share)
    {
        var uninterrupted = new RecordingDisplay();
        Assert.Throws<TrainingStoppedException>(() => runs.Start("ppo", Sick("whole", HealthAct.RollBack), uninterrupted));
        var made = 0;
        var source = new CancellationTokenSource();
        var display = new RecordingDisplay { OnStep = _ => CancelAfter((int)(share * uninterrupted.Steps.Count)) };
        Assert.Throws<OperationCanceledException>(() => runs.Start("ppo", Sick("parts", HealthAct.RollBack), display, source.Token));
        Assert.Throws<TrainingStoppedException>(() => runs.Resume("parts"));
        var (whole, parts) = (new RunFolder(runs.PathTo("whole")), new RunFolder(runs.PathTo("parts")));
        Assert.Equal(2, HealthEvent.Read(whole).Count(happened => happened.What == "rolled back"));
        Assert.Equal(HealthEvent.Read(whole), HealthEvent.Read(parts));
        Assert.Equal(Figures(whole), Figures(parts));
        Assert.Equal(LastState(whole), LastState(parts));

        void CancelAfter(int count)
        {
            if (++made == count)
                source.Cancel();
        }
    }

    [Fact]
    public void AHealthyRunSaysSoAndIsLeftAlone()
    {
        // Scores that a tiny learning rate cannot change, so that chance cannot look like a fall.
        var recipe = (PpoRecipe)runs.Recipe("ppo", "a", steps: 8) with { RewardModel = "", Rewards = [new RegexReward { Pattern = "^" }] };
        var display = new RecordingDisplay();
        var run = runs.Start(
            "ppo", recipe with { Optimizer = new() { LearningRate = 1e-5 }, Health = Watchful(HealthAct.RollBack) }, display);
        Assert.Equal(8, display.Steps.Count);
        Assert.All(display.Words, words => Assert.EndsWith(", healthy", words, StringComparison.Ordinal));
        Assert.Empty(HealthEvent.Read(run));
        Assert.Contains("There were no findings", File.ReadAllText(run.Report), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    [InlineData("rloo")]
    [InlineData("reinforce")]
    [InlineData("a2c")]
    [InlineData("nlpo")]
    public void FirstApproxKl_OfEveryMethod_IsZero(string method)
    {
        var display = new RecordingDisplay();
        runs.Start(method, runs.Recipe(method, "a", steps: 2), display);
        Assert.All(display.Steps, step => Assert.InRange(step["policy/first_approx_kl"], 0, 1e-9));
    }

    [Fact]
    public void Grpo_RewardIsTheSameForAllResponses_WarnsOfGroupsWithoutSignal()
    {
        var recipe = (GrpoRecipe)runs.Recipe("grpo", "a", steps: 5);
        var run = runs.Start("grpo", recipe with { RewardModel = "", Rewards = [new RegexReward { Pattern = "^" }] });
        Assert.Contains(HealthEvent.Read(run), happened => happened is { Rule: "noSignal", What: "began", Severity: "warning" });
    }

    [Fact]
    public void Trpo_RegionIsTooLargeForItsEstimate_WarnsOfStepsThatAreNotTaken()
    {
        var recipe = (TrpoRecipe)runs.Recipe("trpo", "a", steps: 5);
        var display = new RecordingDisplay();
        var run = runs.Start(
            "trpo", recipe with { Trpo = new() { TargetKl = 0.5, CgDamping = 1e-6, SubSamplingFactor = 4, LineSearchMaxIter = 1 } },
            display);
        Assert.Contains(display.Steps, step => step["trpo/succeeded"] == 0);
        Assert.Contains(HealthEvent.Read(run), happened => happened is { Rule: "trustRegion", What: "began", Severity: "warning" });
    }

    [Fact]
    public void ActsThatRaiseBetaNeedOne()
    {
        var error = Assert.Throws<InvalidDataException>(() => RecipeReader.Read(
            "ppo", null, ["data.train=a", "model=b", "rewardModel=c", "health.act=rollBack", "ppo.klCoef=0", "health.window=0"])).Message;
        Assert.Contains("\n  `health.act` must be none or stop where kl.coef is 0", error, StringComparison.Ordinal);
        Assert.Contains("`health.window` must be", error, StringComparison.Ordinal);
    }

    /// <summary>Everything in metrics.jsonl except times.</summary>
    static IEnumerable<string> Figures(RunFolder run) => JsonLinesLog.Read(run.Metrics).Select(line =>
    {
        foreach (var name in line.Select(pair => pair.Key).Where(name => name.StartsWith("time/", StringComparison.Ordinal)).ToList())
            line.Remove(name);
        return line.ToJsonString();
    });

    static byte[] LastState(RunFolder run) =>
        File.ReadAllBytes(
            Path.Combine(Directory.GetDirectories(run.Checkpoints, "step-*").Order(StringComparer.Ordinal).Last(), "state.safetensors"));

    PpoRecipe Sick(string output, HealthAct act)
    {
        var recipe = (PpoRecipe)runs.Recipe("ppo", output, steps: 12);
        return recipe with { Optimizer = new() { LearningRate = 0.05 }, Updates = new() { Epochs = 2 }, Kl = new() { Coef = 0.05 },
            Health = Watchful(act) with { RollBacks = 2 } };
    }

    static HealthOptions Watchful(HealthAct act) => new()
    {
        Act = act,
        Window = 2,
        Patience = 2,
        MaxKl = 4,
        MaxRatioError = 1e9,
        MinKl = -1e9,
        MinEntropyShare = 0,
        MaxRepetition = 1,
        MinDistinctShare = 0,
        MinExplainedVariance = -1e9,
        MinEnded = 0,
        MaxLengthFactor = 100,
        MaxLostShare = 1e9,
    };
}
