using Attune.Reporting.Health;
using Attune.Torch;
using Attune.Training.Health;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Health;

/// <summary>The monitor's findings for sequences of metrics that are written by hand.</summary>
public sealed class HealthMonitorTests
{
    static readonly Dictionary<string, double> Healthy = new(StringComparer.Ordinal)
    {
        ["objective/scores"] = 1, ["objective/kl"] = 3, ["objective/entropy"] = 8, ["policy/ratio"] = 1.01, ["policy/clipfrac"] = 0.1,
        ["responses/length"] = 25, ["responses/ended"] = 0.95, ["responses/repetition"] = 0.02, ["responses/distinct"] = 0.9,
        ["value/explained_variance"] = 0.4, ["policy/first_approx_kl"] = 1e-9, ["responses/groups_without_signal"] = 0.3,
        ["trpo/succeeded"] = 1, ["rollout/kl"] = 1e-3, ["rollout/masked"] = 0.02, ["rollout/staleness"] = 1,
        ["rollout/stale_tokens"] = 0.4, ["rollout/queue"] = 1, ["loss"] = 0.1, ["grad_norm"] = 1,
    };

    [Fact]
    public void AHealthyRunIsSilent()
    {
        var monitor = new HealthMonitor(new());
        for (var step = 1; step <= 60; step++)
        {
            Assert.Empty(monitor.Observe(step, With(
                ("objective/scores", 1 + 0.05 * step + 0.1 * (step % 3)), ("objective/kl", 0.1 * step),
                    ("objective/entropy", 8 - 0.05 * step), ("responses/length", 25 + step % 5))));
            if (step % 10 == 0)
                Assert.Empty(monitor.Observe(
                    step, new Dictionary<string, double> { ["eval/score"] = 1 + 0.045 * step, ["eval/gold"] = 2 + 0.03 * step }));
        }
        Assert.Equal("healthy", monitor.Summary);
    }

    [Theory]
    [InlineData("klHigh", "objective/kl", 60)]
    [InlineData("klNegative", "objective/kl", -2)]
    [InlineData("ratio", "policy/ratio", 1.3)]
    [InlineData("ratio", "policy/ratio", 0.7)]
    [InlineData("clipped", "policy/clipfrac", 0.6)]
    [InlineData("entropy", "objective/entropy", 2)]
    [InlineData("length", "responses/length", 51)]
    [InlineData("ended", "responses/ended", 0.3)]
    [InlineData("repetition", "responses/repetition", 0.5)]
    [InlineData("distinct", "responses/distinct", 0.4)]
    [InlineData("values", "value/explained_variance", -1)]
    [InlineData("sampling", "policy/first_approx_kl", 0.01)]
    [InlineData("noSignal", "responses/groups_without_signal", 0.9)]
    [InlineData("trustRegion", "trpo/succeeded", 0)]
    [InlineData("rolloutKl", "rollout/kl", 0.2)]
    [InlineData("rolloutMasked", "rollout/masked", 0.7)]
    [InlineData("staleness", "rollout/staleness", 6)]
    public void EachRuleFiresOnceAndIsOverWhenTheFigureIsWellAgain(string rule, string metric, double bad)
    {
        var monitor = new HealthMonitor(new());
        var changes = new List<(int Step, HealthChange Change)>();
        for (var step = 1; step <= 60; step++)
            foreach (var change in monitor.Observe(step, step is > 25 and <= 40 ? With((metric, bad)) : Healthy))
                changes.Add((step, change));
        Assert.Equal([(rule, true), (rule, false)], changes.Select(change => (change.Change.Finding.Rule, change.Change.Begins)));
        Assert.InRange(changes[0].Step, 26, 30);
        Assert.InRange(changes[1].Step, 45, 49);                 // it has left a window of five steps, and five more had no finding
        Assert.EndsWith(".", changes[0].Change.Finding.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void ShortAnswersAreADriftAndNoLossOfEntropy()
    {
        var monitor = new HealthMonitor(new());
        var found = Enumerable.Range(1, 20)
            .SelectMany(step => monitor.Observe(step, step <= 5 ? Healthy : With(("responses/length", 10), ("objective/entropy", 3.2))));
        Assert.Equal("length", Assert.Single(found).Finding.Rule);
    }

    [Fact]
    public void ANumberThatIsNoneIsSaidAtOnce()
    {
        var change = Assert.Single(new HealthMonitor(new()).Observe(1, With(("objective/kl", double.NaN))));
        Assert.Equal(("notFinite", "objective/kl is not a finite number"), (change.Finding.Rule, change.Finding.Words));
    }

    [Fact]
    public void AScoreThatRisesOnTrainingPromptsOnlyLags()
    {
        var monitor = new HealthMonitor(new());
        monitor.Observe(0, HeldOut(("eval/score", 1)));
        var found = Enumerable.Range(1, 20).SelectMany(step => monitor.Observe(step, With(("objective/scores", 1 + 0.1 * step)))).ToList();
        Assert.Empty(found);
        // The mean of steps 16 to 20 is 2.8, that of 1 to 5 is 1.3: a gain of 1.5, of which a half is 0.75.
        Assert.Empty(Copy(monitor).Observe(20, HeldOut(("eval/score", 1.8))));
        Assert.Equal("heldOut", Assert.Single(monitor.Observe(20, HeldOut(("eval/score", 1.7)))).Finding.Rule);
    }

    [Fact]
    public void GoldThatFallsTwiceWhileTheScoreRisesIsOverOptimisation()
    {
        var monitor = new HealthMonitor(new());
        var found = new List<(int Step, HealthChange Change)>();
        double[] gold = [2, 3, 4, 3.9, 3.5, 3.4];                // a fifth of the gain of 2 is 0.4: below 3.6, at two evaluations
        for (var step = 0; step <= 50; step++)
        {
            if (step > 0)
                found.AddRange(monitor.Observe(step, With(("objective/scores", 1 + 0.1 * step))).Select(change => (step, change)));
            if (step % 10 == 0)
                found.AddRange(monitor.Observe(step, HeldOut(("eval/gold", gold[step / 10]), ("eval/score", 1 + 0.1 * step)))
                    .Select(change => (step, change)));
        }
        var (at, only) = Assert.Single(found);
        Assert.Equal((50, "overOptimised"), (at, only.Finding.Rule));
        Assert.StartsWith(
            "the gold reward on held-out prompts fell from 4 to 3.4 while the training score rose from 2.8 to 5.8", only.Finding.Words,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Score_LosesAFifthOfItsGain_RaisesAnAlarmBeforeMostIsLost()
    {
        var monitor = new HealthMonitor(new());
        var found = new List<(int Step, HealthChange Change)>();
        for (var step = 1; step <= 80; step++)
            found.AddRange(monitor.Observe(step, With(("objective/scores", Collapsing(step)))).Select(change => (step, change)));
        // From 0.191, the mean of steps 1 to 5, the score gains 0.751. A fifth of that is 0.150: the alarm is due below 0.792.
        var (at, only) = Assert.Single(found);
        Assert.Equal((62, "scoreFell", true), (at, only.Finding.Rule, only.Begins));
        Assert.StartsWith(
            "the score had risen from 0.191 to 0.942, and has fallen to 0.79", only.Finding.Words, StringComparison.Ordinal);

        static double Collapsing(int step) => step <= 40 ? 0.15 + 0.8 * (step - 1) / 39 : step <= 55 ? 0.94 : 0.94 - 0.03 * (step - 55);
    }

    [Fact]
    public void AnActIsDueWhenAnAlarmHasLasted()
    {
        var monitor = new HealthMonitor(new() { Act = HealthAct.Stop, Patience = 7 });
        var due = Enumerable.Range(1, 30).Where(step =>
        {
            monitor.Observe(step, step <= 10 ? Healthy : With(("objective/kl", 1000)));
            return monitor.Due(step) is not null;
        });
        Assert.Equal(18, due.First());                           // the mean of five is above 50 at step 11
    }

    [Fact]
    public void NumbersThatAreNoneTwiceInARowAreNotWaitedFor()
    {
        var monitor = new HealthMonitor(new() { Act = HealthAct.RollBack });
        monitor.Observe(1, With(("loss", double.PositiveInfinity)));
        Assert.Null(monitor.Due(1));
        monitor.Observe(2, Healthy);
        Assert.Null(monitor.Due(2));                             // one bad step is skipped and harmless
        monitor.Observe(3, With(("grad_norm", double.NaN)));
        Assert.Equal(HealthAct.RollBack, monitor.Due(3)?.Act);   // two in three, and the third in a row would end the run
    }

    [Fact]
    public void NothingIsDoneAboutAnAlarmThatIsNoLongerSeen()
    {
        var monitor = new HealthMonitor(new() { Act = HealthAct.Stop, Patience = 3 });
        for (var step = 1; step <= 20; step++)
        {
            monitor.Observe(step, step == 10 ? With(("objective/kl", 300)) : Healthy);
            Assert.Equal(step is 13 or 14, monitor.Due(step) is not null);   // the mean is above 50 from step 10 to 14
        }
    }

    [Fact]
    public void AWarningIsNoReasonToAct()
    {
        var monitor = new HealthMonitor(new() { Act = HealthAct.Stop });
        Assert.All(Enumerable.Range(1, 40), step =>
        {
            monitor.Observe(step, With(("policy/clipfrac", 0.9)));
            Assert.Null(monitor.Due(step));
        });
        Assert.Equal("many tokens clipped", monitor.Summary);
    }

    [Fact]
    public void BetaIsRaisedOnlyForWhatItEases()
    {
        var (ratio, kl) = (new HealthMonitor(new() { Act = HealthAct.RaiseBeta }), new HealthMonitor(new() { Act = HealthAct.RaiseBeta }));
        for (var step = 1; step <= 20; step++)
        {
            ratio.Observe(step, With(("policy/ratio", 2)));
            kl.Observe(step, With(("objective/kl", 100)));
        }
        Assert.Null(ratio.Due(20));
        Assert.Equal(HealthAct.RaiseBeta, kl.Due(20)?.Act);
    }

    [Fact]
    public void AnActIsGivenTimeToWork()
    {
        var monitor = new HealthMonitor(new() { Act = HealthAct.RaiseBeta, Patience = 6 });
        var acts = new List<int>();
        for (var step = 1; step <= 30; step++)
        {
            monitor.Observe(step, With(("objective/kl", 100)));
            if (monitor.Due(step) is null)
                continue;
            acts.Add(step);
            monitor.Acted(step);
        }
        Assert.Equal([11, 17, 23, 29], acts);                    // the first window is full at step 5
    }

    [Fact]
    public void TheGoodCheckpointIsOlderThanWhatTheAlarmHasSeen()
    {
        var monitor = new HealthMonitor(new() { Act = HealthAct.RollBack });
        for (var step = 1; step <= 24; step++)
        {
            monitor.Observe(step, step <= 18 ? Healthy : With(("objective/kl", 200)));
            if (step % 4 == 0)
                monitor.NoteCheckpoint(step);
        }
        Assert.Equal([12, 16], monitor.GoodCheckpoints);         // the alarm began at step 20, before its checkpoint
        Assert.Equal(12, monitor.GoodCheckpoint());              // steps 16 to 20 are in its window
    }

    [Fact]
    public void AMonitorThatIsReadAgainGoesOnAsTheOneThatWasWritten()
    {
        var first = new HealthMonitor(new() { Act = HealthAct.Stop });
        for (var step = 1; step <= 14; step++)
            first.Observe(step, step <= 10 ? Healthy : With(("objective/kl", 1000)));
        var second = Copy(first);
        for (var step = 15; step <= 40; step++)
        {
            var metrics = step < 25 ? With(("objective/kl", 1000)) : Healthy;
            Assert.Equal(first.Observe(step, metrics), second.Observe(step, metrics));
            Assert.Equal(first.Due(step), second.Due(step));
            Assert.Equal(first.Summary, second.Summary);
        }
    }

    [Fact]
    public void EveryOptionChangesWhatIsFoundOrDone()
    {
        var usual = new HealthOptions { Act = HealthAct.RollBack };
        var others = new Dictionary<string, HealthOptions>(StringComparer.Ordinal)
        {
            ["act"] = usual with { Act = HealthAct.None },
            ["patience"] = usual with { Patience = 9 },
            ["rollBacks"] = usual with { RollBacks = 0 },
            ["window"] = usual with { Window = 3 },
            ["maxKl"] = usual with { MaxKl = 100 },
            ["minKl"] = usual with { MinKl = -10 },
            ["maxRatioError"] = usual with { MaxRatioError = 1 },
            ["maxClipShare"] = usual with { MaxClipShare = 0.9 },
            ["minEntropyShare"] = usual with { MinEntropyShare = 0.01 },
            ["maxLengthFactor"] = usual with { MaxLengthFactor = 9 },
            ["minEnded"] = usual with { MinEnded = 0.01 },
            ["maxRepetition"] = usual with { MaxRepetition = 0.9 },
            ["minDistinctShare"] = usual with { MinDistinctShare = 0.01 },
            ["minExplainedVariance"] = usual with { MinExplainedVariance = -9 },
            ["maxFirstApproxKl"] = usual with { MaxFirstApproxKl = 1 },
            ["maxGroupsWithoutSignal"] = usual with { MaxGroupsWithoutSignal = 1 },
            ["minStepsTaken"] = usual with { MinStepsTaken = 0 },
            ["maxRolloutKl"] = usual with { MaxRolloutKl = 1 },
            ["maxRolloutMasked"] = usual with { MaxRolloutMasked = 1 },
            ["maxStaleness"] = usual with { MaxStaleness = 64 },
            ["maxStaleTokens"] = usual with { MaxStaleTokens = 0.5 },
            ["minRolloutQueue"] = usual with { MinRolloutQueue = 0.5 },
            ["minSelectedPrompts"] = usual with { MinSelectedPrompts = 0 },
            ["minHeldOutShare"] = usual with { MinHeldOutShare = -9 },
            ["maxLostShare"] = usual with { MaxLostShare = 9 },
        };
        Assert.Equal(
            // which a run multiplies by
            RecipeKeys.Of(typeof(HealthOptions)).Select(row => row.Key).Except(["betaFactor"]).Order(),
            others.Keys.Order());
        var told = Story(usual);
        Assert.All(others, other => Assert.NotEqual(told, Story(other.Value)));
    }

    /// <summary>All findings for one metric after another that goes bad, and for held-out metrics that fall.</summary>
    static string Story(HealthOptions options) => string.Join('\n', new[]
    {
        ("objective/kl", 60.0), ("objective/kl", -2), ("policy/ratio", 1.3), ("policy/clipfrac", 0.6), ("objective/entropy", 2),
            ("responses/length", 51),
        ("responses/ended", 0.3), ("responses/repetition", 0.5), ("responses/distinct", 0.4), ("value/explained_variance", -1),
            ("rft/prompts", 0.1), ("policy/first_approx_kl", 0.01), ("responses/groups_without_signal", 0.9), ("trpo/succeeded", 0),
            ("rollout/kl", 0.2), ("rollout/masked", 0.7), ("rollout/staleness", 6), ("rollout/stale_tokens", 1), ("rollout/queue", 0),
            ("eval/score", 0),
    }.Select(bad =>
    {
        var monitor = new HealthMonitor(options);
        return string.Join('\n', Enumerable.Range(0, 60).SelectMany(step =>
        {
            var metrics = With(("objective/scores", 1 + step), step > 25 ? bad : ("responses/length", 25));
            if (step % 10 == 0)
                metrics["eval/score"] = bad.Item1 == "eval/score" && step > 25 ? 0 : 1 + step;
            return monitor.Observe(step, metrics).Select(change => $"{step} {change}").Append($"{step} {monitor.Due(step)}");
        }));
    }));

    static HealthMonitor Copy(HealthMonitor monitor)
    {
        var (tensors, numbers) = (new Dictionary<string, Tensor>(), new Dictionary<string, double>());
        monitor.Save(new("health", tensors, numbers));
        var copy = new HealthMonitor(monitor.Options);
        copy.Load(new("health", null!, numbers));
        return copy;
    }

    static Dictionary<string, double> With(params (string Name, double Value)[] changed)
    {
        var metrics = new Dictionary<string, double>(Healthy, StringComparer.Ordinal);
        foreach (var (name, value) in changed)
            metrics[name] = value;
        return metrics;
    }

    static Dictionary<string, double> HeldOut(params (string Name, double Value)[] metrics) =>
        metrics.ToDictionary(metric => metric.Name, metric => metric.Value, StringComparer.Ordinal);
}
