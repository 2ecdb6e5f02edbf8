using Attune.Testing;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>Sums of rewards, computed by hand.</summary>
public sealed class RewardSumTests : IDisposable
{
    static readonly double[][] OneAndThree = [[1], [3]];

    readonly TensorScope scope = TensorScope.Open();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void PartsAreWeightedAndLoggedAsTheyCame()
    {
        var scores = new RewardSum([Part("a", OneAndThree, 2), Part("b", [[10], [-10]], 0.5), Part("c", [[7], [8]], 0)])
            .ScoreAndUpdateStatistics(Two());
        Assert.Equal([7, 1], scores.Totals);
        Assert.Equal([1, 3], scores.Parts["a"]);
        Assert.Equal([10, -10], scores.Parts["b"]);
        Assert.Equal([7, 8], scores.Parts["c"]);
    }

    [Fact]
    public void Sum_ResponseWithoutAScore_IsTheSumOfTheOtherParts()
    {
        var rollouts = Two();
        var scores = new RewardSum([Part("a", [[1], []], 2), Part("b", [[], []]), Part("c", [[], [5]])]).Score(rollouts);
        Assert.Equal([2, 5], scores.Totals);
        Assert.Equal([1, double.NaN], scores.Parts["a"]);
        Assert.Equal([double.NaN, double.NaN], scores.Parts["b"]);
        Assert.Equal([1, double.NaN], scores.Terms[0].Scores);
        Assert.Equal(0, scores.MissingCount);
    }

    [Fact]
    public void Sum_ResponseThatNoPartScores_HasNone()
    {
        var rollouts = Two();                                                                // of 3 and 2 tokens
        var scores = new RewardSum([Part("a", [[], [1]]), Part("b", [[], [2]])]).Score(rollouts);
        Assert.Equal([double.NaN, 3], scores.Totals);
        Assert.Equal(1, scores.MissingCount);
        Assert.Equal([0, 0, 0, 0, 3, 0], scores.PerToken(rollouts).ToArray<float>());
        Assert.Equal([false, false, false, true, true, false], scores.Scored(rollouts.Mask).ToArray<bool>());
        Assert.Equal([double.NaN, 2], scores.Minus([1, 1]).Totals);
    }

    [Theory, InlineData(ScoreScaling.Running), InlineData(ScoreScaling.Whiten), InlineData(ScoreScaling.Reference)]
    public void Scaling_ScoresThatAreMissing_AreLeftOutOfTheMoments(ScoreScaling scaling)
    {
        var scaler = new ScoreScaler(scaling);
        Assert.Equal([[], []], scaler.Scale(new Scores([[], []]), update: true));
        double[][] scaled = scaler.Scale(new Scores([[1], [], [3]]), update: true);
        Assert.Empty(scaled[1]);
        Numeric.Close([-1 / Math.Sqrt(2), 1 / Math.Sqrt(2)], [scaled[0][0], scaled[2][0]], "scores", 1e-12, 0);
        Numeric.Close(
            [-1 / Math.Sqrt(2), 1 / Math.Sqrt(2)], [.. new ScorePipeline(new() { Scaling = scaling, MissingEosPenalty = 1 })
                .Shape(new([[1], [3]]), Two()).Totals], "pipeline", 1e-12, 0);
    }

    [Fact]
    public void OnePartAloneIsWhatItGives() => Assert.Empty(new RewardSum([Part("a", OneAndThree)]).Score(Two()).Parts);

    [Fact]
    public void ANumberForTheWholeStandsAtTheLastTokenBesideDenseOnes()
    {
        var rollouts = Two();                                                                // of 3 and 2 tokens
        var sum = new RewardSum([Part("whole", [[5], [6]], 2), Part("dense", [[1, 2, 3], [4, 5]])]).Score(rollouts);
        Assert.Equal([1, 2, 13], sum.Rows[0]);
        Assert.Equal([4, 17], sum.Rows[1]);
        Assert.Equal([6, 9], sum.Parts["dense"]);
    }

    [Fact]
    public void EachScalingHasItsMeanAndDeviation()
    {
        var second = new double[][] { [5], [7] };
        // the standard deviation of 1 and 3, and of 5 and 7
        var root2 = Math.Sqrt(2);
        var allFour = Math.Sqrt(20.0 / 3);                                                   // of 1, 3, 5 and 7, whose mean is 4
        Scales(ScoreScaling.None, [1, 3], [5, 7]);
        Scales(ScoreScaling.Reference, [-1 / root2, 1 / root2], [3 / root2, 5 / root2]);
        Scales(ScoreScaling.Running, [-1 / root2, 1 / root2], [1 / allFour, 3 / allFour]);
        Scales(ScoreScaling.Whiten, [-1 / root2, 1 / root2], [-1 / root2, 1 / root2]);

        void Scales(ScoreScaling scaling, double[] first, double[] then)
        {
            var sum = new RewardSum([new("a", new FixedReward(OneAndThree, second), 1, scaling), Part("zero", [[0], [0]])]);
            Numeric.Close(first, sum.ScoreAndUpdateStatistics(Two()).Totals, $"first with {scaling}", 1e-12, 0);
            Numeric.Close(then, sum.ScoreAndUpdateStatistics(Two()).Totals, $"then with {scaling}", 1e-12, 0);
        }
    }

    [Fact]
    public void DenseNumbersAreDividedAndTheMeanIsTakenOffAtTheEnd()
    {
        var sum = new RewardSum([new("a", new FixedReward([[[0, 0, 1], [1, 2]]]), 1, ScoreScaling.Whiten)]).ScoreAndUpdateStatistics(Two());
        var root2 = Math.Sqrt(2);                                                            // totals 1 and 3, mean 2
        Numeric.Close([0, 0, -1 / root2], sum.Rows[0], "first", 1e-12, 0);
        Numeric.Close([1 / root2, 0], sum.Rows[1], "second", 1e-12, 0);
    }

    [Fact]
    public void ToLookMovesNoMoments()
    {
        var sum = new RewardSum([new("a", new FixedReward(OneAndThree, [[100], [300]], OneAndThree), 1, ScoreScaling.Reference)]);
        sum.ScoreAndUpdateStatistics(Two());
        sum.Score(Two());
        Numeric.Close([-1 / Math.Sqrt(2), 1 / Math.Sqrt(2)], sum.ScoreAndUpdateStatistics(Two()).Totals, "scores", 1e-12, 0);
    }

    [Fact]
    public void ScoresThatDoNotDifferAreNotBlownUp() =>
        Assert.Equal([0, 0], new RewardSum([new("a", new FixedReward([[[1], [1]]]), 1, ScoreScaling.Running)])
            .ScoreAndUpdateStatistics(Two()).Totals);

    [Fact]
    public void NoMomentsMoveWhenAPartFails()
    {
        var failing = new FailingOnce();
        var sum = new RewardSum([new("a", new FixedReward([[100], [300]], OneAndThree), 1, ScoreScaling.Reference), new("b", failing)]);
        Assert.Equal("the well is dry", Assert.Throws<InvalidDataException>(() => sum.ScoreAndUpdateStatistics(Two())).Message);
        Numeric.Close([-1 / Math.Sqrt(2), 1 / Math.Sqrt(2)], sum.ScoreAndUpdateStatistics(Two()).Totals, "scores", 1e-12, 0);
    }

    [Theory]
    [InlineData("the reward 'a' gave 1 score for 2 responses", "1")]
    [InlineData("the reward 'a' gave 2 numbers for a response of 3 tokens", "1 2|3")]
    [InlineData("the reward 'a' gave NaN for a response", "1|NaN")]
    [InlineData("the reward 'a' gave -Infinity for a response", "-Infinity|1")]
    public void ScoresThatAreNoneAreRefusedByName(string expected, string rows)
    {
        var found = rows.Split('|')
            .Select(row =>
            row.Split(' ').Select(number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture)).ToArray()).ToArray();
        Assert.StartsWith(
            expected, Assert.Throws<InvalidDataException>(() =>
            new RewardSum([Part("a", found)]).Score(Two())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SourcesThatWaitAreAskedAtOnce()
    {
        using var barrier = new Barrier(2);
        var sum = new RewardSum([new("a", new Meeting(barrier)), new("b", new Meeting(barrier))]);
        Assert.Equal([2, 2], sum.Score(Two()).Totals);
    }

    [Fact]
    public void TheSumDisposesOfItsParts()
    {
        var reward = new FixedReward(OneAndThree);
        new RewardSum([new("a", reward)]).Dispose();
        Assert.True(reward.IsDisposed);
    }

    static WeightedReward Part(string name, double[][] rows, double weight = 1) => new(name, new FixedReward(rows), weight);

    /// <summary>Responses of 3 tokens and of 2.</summary>
    static Rollouts Two() => Training.Policies.Rollouts.From(
        [new([1], "a"), new([1], "b")],
        [new([5, 6, 0], new float[3], [], Ended: true), new([6, 0], new float[2], [], Ended: true)],
        Device.Cpu);

    sealed class FailingOnce : IRewardSource
    {
        bool failed;

        public Scores Score(Rollouts rollouts)
        {
            var first = !failed;
            failed = true;
            return first ? throw new InvalidDataException("the well is dry") : Scores.FromTotals([0, 0]);
        }
    }

    /// <summary>Answers when another source is called at the same time.</summary>
    sealed class Meeting(Barrier barrier) : IRewardSource
    {
        public bool IsRemote => true;

        public Scores Score(Rollouts rollouts) =>
            barrier.SignalAndWait(TimeSpan.FromSeconds(30)) ? Scores.FromTotals([1, 1]) : throw new InvalidDataException("nobody came");
    }
}
