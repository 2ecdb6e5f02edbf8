using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Tests.Rewards;

namespace Attune.Training.Tests;

/// <summary>Dynamic sampling, and the scores of greedy responses.</summary>
public sealed class OnPolicySamplingTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void WithoutSignal_GroupsWithEqualScores_AreNamed()
    {
        using var scope = Torch.TensorScope.Open();
        Assert.Equal([1], Scored("a", [1, 2, 5, 5, 3, 4]).WithoutSignal());
    }

    [Fact]
    public void Replace_OneOfTwoOthersHasSignal_TakesThatOneOnly()
    {
        using var scope = Torch.TensorScope.Open();
        var replaced = Scored("a", [1, 2, 5, 5, 3, 3]).Replace([1, 2], Scored("b", [7, 7, 8, 9]));
        Assert.Equal([1, 2, 5, 5, 8, 9], replaced.Scores.Totals);
        Assert.Equal([10, 20, 50, 50, 80, 90], replaced.Scores.Parts["part"]);
        Assert.Equal(["a", "a", "a", "a", "b", "b"], replaced.Rollouts.Prompts.Select(prompt => prompt.Text));
        Assert.Equal(2, replaced.Rollouts.GroupSize);
        Assert.Equal([1], replaced.WithoutSignal());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(3)]
    public void MaxResamplings_OfARewardThatIsAlwaysTheSame_AreABound(int times)
    {
        var (calls, display) = (0, new RecordingDisplay());
        Start(times, responses =>
        {
            calls++;
            return [.. responses.Select(_ => 1.0)];
        }, display);
        Assert.Equal(1 + times, calls);
        Assert.Equal(1, display.Steps[0]["responses/groups_without_signal"]);
        Assert.Equal(times > 0, display.Steps[0].ContainsKey("responses/groups_replaced"));
        Assert.Equal(0, display.Steps[0].GetValueOrDefault("responses/groups_replaced"));
    }

    [Fact]
    public void MaxResamplings_PromptsOfWhichHalfHaveNoSignal_AreReplacedUntilNoneIsLeft()
    {
        var (before, after) = (new RecordingDisplay(), new RecordingDisplay());
        Start(0, Score, before);
        Start(20, Score, after);
        Assert.True(before.Steps[0]["responses/groups_without_signal"] > 0);
        Assert.Equal(0, after.Steps[0]["responses/groups_without_signal"]);
        Assert.Equal(before.Steps[0]["responses/groups_without_signal"], after.Steps[0]["responses/groups_replaced"]);

        // A response scores its index; it scores 0 if its prompt has an even number of tokens.
        static double[] Score(IReadOnlyList<TextResponse> responses) =>
            [.. responses.Select((response, row) => response.Prompt.Tokens.Length % 2 == 0 ? 0 : row)];
    }

    [Fact]
    public void Greedy_RewardOfTheFirstToken_HasAdvantageZeroWhereTheResponseIsTheGreedyOne()
    {
        using var scope = Torch.TensorScope.Open();
        var rollouts = Rewarded.Rollouts("a", "b c", "b") with { GreedyScores = [2, 2] };
        var experience = new Reinforce(new() { Baseline = ReinforceBaseline.Greedy, NormalizeAdvantages = false })
            .Estimate(rollouts, Scores.FromTotals([2, 5]), new(1));
        var width = (int)rollouts.Mask.Size(1);
        var advantages = experience.Advantages.ToArray<float>();
        Assert.All(advantages[..width], advantage => Assert.Equal(0, advantage));
        Assert.All(advantages[width..(width + rollouts.Tokens[1].Length)], advantage => Assert.Equal(3, advantage));
    }

    static ScoredRollouts Scored(string prompt, double[] scores) => new(
        Rewarded.Rollouts(prompt, [.. scores.Select(score => $"{score}")]) with { GroupSize = 2 },
        Scores.FromTotals(scores) with
        {
            Parts = new Dictionary<string, double[]> { ["part"] = [.. scores.Select(score => 10 * score)] },
        });

    void Start(int times, Func<IReadOnlyList<TextResponse>, IReadOnlyList<double>> score, RecordingDisplay display)
    {
        var recipe = (GrpoRecipe)runs.Recipe("grpo", $"run-{times}", steps: 1);
        runs.Start("grpo", recipe with
        {
            RewardModel = "",
            Rewards = [new FunctionReward(score)],
            Updates = new() { SamplesPerPrompt = 2, MaxResamplings = times },
            Data = recipe.Data with { HeldOut = "", HeldOutShare = 0 },
        }, display);
    }
}
