using Attune.Reporting.Files;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Training.Algorithms;
using Attune.Training.Health;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Rejection-sampling fine-tuning: its selection by hand, and its runs.</summary>
public sealed class RftTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Percentile_FourImproveSteps_RisesByAQuarterAndStartsAgain()
    {
        var rft = new Rft(new());
        Numeric.Close(
            [0.7, 0.7625, 0.825, 0.8875, 0.7], [.. Enumerable.Range(0, 5).Select(rft.Percentile)], "percentiles", 1e-12);
    }

    [Fact]
    public void Thresholds_Quantiles_AreThoseOfNumpy()
    {
        // np.quantile([1, 2, 3, 10], .7) = 3.7, np.quantile([0, 5, 6, 7], .7) = 6.1, np.quantile([2, 2, 4, 4], .7) = 4;
        // np.clip to [3.7 + .001, 6.1 − .001].
        Numeric.Close([3.701, 6.099, 4], Rft.Thresholds([[10, 1, 3, 2], [0, 5, 6, 7], [2, 4, 2, 4]], 0.7), "thresholds", 1e-12);
    }

    [Theory]
    [InlineData(0.7)]
    [InlineData(0.1)]
    [InlineData(0.95)]
    public void Thresholds_RewardsOfZeroAndOne_SelectTheOnes(double percentile) => Assert.All(
        Rft.Thresholds([[0, 0, 0, 1], [1, 1, 1, 0], [0, 0, 0, 0]], percentile), threshold => Assert.InRange(threshold, 0.001, 0.999));

    [Fact]
    public void Thresholds_EqualRewards_SelectNothing() =>
        Assert.All(Rft.Thresholds([[3, 3], [3, 3]], 0.7), threshold => Assert.True(threshold > 3));

    [Fact]
    public void Select_Threshold_KeepsHighRewardsAndDropsDuplicates()
    {
        // Medians 9, 8 and 1; the lowest is raised above 1, as in trlX, so that c has none.
        SampledResponse[] responses =
        [
            Sampled("a", "x", 1), Sampled("a", "y", 9), Sampled("a", "y", 9),
            Sampled("b", "y", 2), Sampled("b", "x", 8), Sampled("b", "z", 8),
            Sampled("c", "x", 0), Sampled("c", "y", 1), Sampled("c", "z", 1),
        ];
        var selected = new Rft(new() { StartPercentile = 0.5, EndPercentile = 0.5 }).Select(responses, 0);
        Assert.Equal(["a: y", "b: x", "b: z"], selected.Responses.Select(response => $"{response.Prompt}: {response.Completion}"));
    }

    [Fact]
    public void Select_Best_KeepsOneResponseToEachPrompt()
    {
        SampledResponse[] responses = [Sampled("a", "x", 1), Sampled("a", "y", 9), Sampled("b", "x", 8), Sampled("b", "z", 8)];
        var selected = new Rft(new() { Selection = RftSelection.Best }).Select(responses, 0);
        Assert.Equal(["a: y", "b: x"], selected.Responses.Select(response => $"{response.Prompt}: {response.Completion}"));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("t5")]
    public void Loss_FirstUpdate_IsThatOfTheSampledLogprobs(string family)
    {
        using var tiny = new TinyRuns(family);
        var display = new RecordingDisplay();
        var recipe = (RftRecipe)tiny.Recipe("rft", "a");
        var run = tiny.Start("rft", recipe with { Training = new() { Steps = 1, BatchSize = 99 } }, display);
        var responses = SampledResponse.Read(Path.Combine(run.Responses, "round-0001.jsonl"));
        var selected = new Rft(new() { ImproveSteps = 2 }).Select(responses, 0).Responses;
        Numeric.Close(
            -selected.Sum(response => response.Logprobs.Sum()) / selected.Sum(response => response.Tokens.Length),
            display.Steps[0]["loss"], "loss", 1e-5);
        Assert.Equal(selected.Count, display.Steps[0]["rft/selected"]);
    }

    [Theory]
    [InlineData(RftSelection.Threshold)]
    [InlineData(RftSelection.Best)]
    public void Score_OfARule_Rises(RftSelection selection)
    {
        var display = new RecordingDisplay();
        var rft = new RftOptions { Selection = selection, SamplesPerPrompt = 16, PromptsPerRound = 6, ImproveSteps = 2, KeepRounds = 1 };
        runs.Start("rft", Recipe("a", steps: 20) with { Rft = rft }, display);
        var (first, last) = (display.Steps[0]["objective/scores"], display.Steps[^1]["objective/scores"]);
        Assert.True(last > first + 0.3, $"the score went from {first} to {last}");
        Assert.All(display.Steps, step => Assert.True(step["rft/selected_scores"] >= step["objective/scores"]));
        Assert.Matches(@"^score [^,]*, \d+ selected, loss [^,]*, healthy$", display.Words[0]);
    }

    [Fact]
    public void Options_EachByItself_ChangeTheOutcome()
    {
        byte[][] outcomes =
        [
            Outcome(Recipe("none")),
            Outcome(With("best", new() { Selection = RftSelection.Best })),
            Outcome(With("samples", new() { SamplesPerPrompt = 8 })),
            Outcome(With("prompts", new() { PromptsPerRound = 5 })),
            Outcome(With("steps", new() { ImproveSteps = 4 })),
            Outcome(With("start", new() { StartPercentile = 0.2 })),
            Outcome(With("end", new() { EndPercentile = 0.7 })),
            Outcome(With("keep", new() { KeepRounds = 1 })),
            Outcome(Recipe("batch") with { Training = new() { Steps = 4, BatchSize = 2 } }),
            Outcome(Recipe("scores") with { Scores = new() { LengthPenalty = 1 } }),
        ];
        Assert.Equal(outcomes.Length, outcomes.Select(Convert.ToHexString).Distinct().Count());

        RftRecipe With(string output, RftOptions options) => Recipe(output) with
        {
            Rft = options with
            {
                SamplesPerPrompt = options.SamplesPerPrompt == 32 ? 6 : options.SamplesPerPrompt,
                PromptsPerRound = options.PromptsPerRound == 0 ? 4 : options.PromptsPerRound,
                ImproveSteps = output == "steps" ? 4 : 2,
            },
        };
    }

    [Fact]
    public void Epochs_WithoutSteps_RespondToEachPromptAsOften()
    {
        var display = new RecordingDisplay();
        runs.Start("rft", Recipe("a") with
        {
            Training = new() { Epochs = 0.5, BatchSize = 4 },
            Rft = new() { SamplesPerPrompt = 2, ImproveSteps = 1, PromptsPerRound = 6 },
        }, display);
        Assert.Equal(3, display.Steps.Count);                                                       // 18 prompts in rounds of 6
        Assert.Equal(12, Responses("a", round: 3).Count);
    }

    [Fact]
    public void Rewards_AllEqual_StopTheRunAfterThreeSteps()
    {
        var recipe = Recipe("a", steps: 6) with { Rewards = [new RegexReward { Pattern = "a^" }] };
        var error = Assert.Throws<TrainingStoppedException>(() => runs.Start("rft", recipe));
        Assert.Contains("all responses have the same reward", error.Message);
    }

    [Fact]
    public void Health_FewPromptsSolved_WarnsAndNamesNoKeyOfOtherMethods()
    {
        var display = new RecordingDisplay();
        runs.Start("rft", Recipe("a", steps: 8) with
        {
            Rewards = [new RegexReward { Pattern = "a.*e.*i" }],
            Rft = new() { SamplesPerPrompt = 2, PromptsPerRound = 18, ImproveSteps = 8 },
            Optimizer = new() { LearningRate = 1e-9 },
        }, display);
        Assert.Contains(
            display.Notices, notice => notice.Contains("of the prompts are selected. Little is learned", StringComparison.Ordinal));
        Assert.All(HealthRules.AdviceForSelected, advice => Assert.DoesNotContain("kl.", advice.Value));
        Assert.Subset(HealthRules.All.Select(rule => rule.Name).ToHashSet(), HealthRules.AdviceForSelected.Keys.ToHashSet());
    }

    /// <summary>The states at which a process can be killed, as what it leaves in the folder.</summary>
    [Theory]
    [InlineData("while sampling")]
    [InlineData("sampled")]
    [InlineData("scored")]
    [InlineData("in the first improvement step")]
    [InlineData("in the second improvement step")]
    public void Resume_KilledInEachPhase_EndsWithTheSameBitsAndSamplesNothingAgain(string phase)
    {
        var whole = runs.Start("rft", runs.Recipe("rft", "whole"));
        var display = new RecordingDisplay(cancelAfter: phase == "in the second improvement step" ? 4 : 3);
        Assert.Throws<OperationCanceledException>(() => runs.Start("rft", runs.Recipe("rft", "parts"), display, display.Token));
        var checkpoints = Path.Combine(runs.PathTo("parts"), "checkpoints");
        var round = Path.Combine(runs.PathTo("parts"), "responses", "round-0002.jsonl");
        Assert.True(File.Exists(round));
        if (phase != "in the second improvement step")
            Directory.Delete(Path.Combine(checkpoints, "step-000003"), recursive: true);
        if (phase is "while sampling" or "sampled" or "scored")
            Directory.Delete(Path.Combine(checkpoints, "step-000002"), recursive: true);        // the next is before the round
        if (phase == "sampled")
            SampledResponse.Write(round, SampledResponse.Read(round).Select(response => response with { Score = null, Reward = null }));
        if (phase == "while sampling")
            File.Delete(round);
        else
            Mark(round);
        var resumed = runs.Resume("parts");
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(resumed));
        Assert.Equal(Metrics(whole), Metrics(resumed));
        Assert.All(SampledResponse.Read(round), response => Assert.Equal(
            phase != "while sampling", response.Completion.EndsWith("(marked)", StringComparison.Ordinal)));
        Assert.All(SampledResponse.Read(round), response => Assert.NotNull(response.Score));
    }

    /// <summary>Changes the texts of a file, which reward model and loss do not read, to see whether they are sampled again.</summary>
    static void Mark(string path) =>
        SampledResponse.Write(
            path, SampledResponse.Read(path).Select(response => response with { Completion = response.Completion + "(marked)" }));

    static SampledResponse Sampled(string prompt, string text, double reward) =>
        new(0, prompt, text, [1], [0], Ended: true) { Score = reward, Reward = reward };

    RftRecipe Recipe(string output, int steps = 4) => (RftRecipe)runs.Recipe("rft", output, steps) with
    {
        RewardModel = "",
        Rewards = [new RegexReward { Pattern = "[aeiou]", Count = true }],
        Optimizer = new() { LearningRate = 3e-3 },
        Rft = new() { SamplesPerPrompt = 6, PromptsPerRound = 4, ImproveSteps = 2 },
        Scores = new(),
    };

    byte[] Outcome(RftRecipe recipe) => TinyRuns.Weights(runs.Start("rft", recipe));

    IReadOnlyList<SampledResponse> Responses(string output, int round) =>
        SampledResponse.Read(Path.Combine(runs.PathTo(output), "responses", $"round-{round:D4}.jsonl"));

    /// <summary>The metrics of all steps, without times.</summary>
    static IEnumerable<string> Metrics(RunFolder run) => JsonLinesLog.Read(run.Metrics).Select(line => string.Join(' ',
        line.Where(pair => !pair.Key.StartsWith("time/", StringComparison.Ordinal)).Select(pair => $"{pair.Key}={pair.Value}")));
}
