using Attune.Testing;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>The transformation of scores, computed by hand.</summary>
public sealed class ScorePipelineTests : IDisposable
{
    static readonly double Root2 = Math.Sqrt(2);                                             // the standard deviation of 5 and 7

    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Moments => [.. GoldenFile.Cases("running_moments")];

    public void Dispose() => scope.Dispose();

    [Fact]
    public void ReferenceScalingKeepsTheShiftAndScaleOfTheFirstStep()
    {
        var pipeline = new ScorePipeline(new() { Scaling = ScoreScaling.Reference });
        Close([-1 / Root2, 1 / Root2], pipeline, [5, 7]);
        Close([4 / Root2, 4 / Root2], pipeline, [10, 10]);
    }

    [Fact]
    public void WithoutTheMeanScoresAreOnlyDivided()
    {
        Close([5 / Root2, 7 / Root2], new ScorePipeline(new() { Scaling = ScoreScaling.Running, Normalise = false }), [5, 7]);
        Close([5 / Root2, 7 / Root2], new ScorePipeline(new() { Scaling = ScoreScaling.Reference, Normalise = false }), [5, 7]);
        Close([5 / Root2, 7 / Root2], new ScorePipeline(new() { Scaling = ScoreScaling.Whiten, Normalise = false }), [5, 7]);
        Close([-1 / Root2, 1 / Root2], new ScorePipeline(new() { Scaling = ScoreScaling.Running }), [5, 7]);
    }

    [Fact]
    public void WhiteningForgetsTheStepsBefore()
    {
        var pipeline = new ScorePipeline(new() { Scaling = ScoreScaling.Whiten });
        Close([-1 / Root2, 1 / Root2], pipeline, [5, 7]);
        Close([1 / Root2, -1 / Root2], pipeline, [70, 50]);
    }

    [Fact]
    public void ScoresAreCutAndAnAnswerWithoutAnEndPays() =>
        Close([2, -2.5], new ScorePipeline(new() { Clip = 2, MissingEosPenalty = 0.5 }), [9, -9]);

    [Fact]
    public void ScoresAreCutBeforeScalingOrBehindIt()
    {
        Close([6 / Root2, 6 / Root2], new ScorePipeline(new() { RawClip = 6, Scaling = ScoreScaling.Running, Normalise = false }), [6, 8]);
        Close([4, 4], new ScorePipeline(new() { Clip = 4, Scaling = ScoreScaling.Running, Normalise = false }), [6, 8]);
    }

    /// <summary>
    /// TRL's test of its soft overlong punishment: a maximum length of 100 with a cache of 20, for 50, 90 and 110 tokens.
    /// </summary>
    [Theory]
    [InlineData(50, 0)]
    [InlineData(90, -0.5)]
    [InlineData(110, -1)]
    public void TokensBeyondTheTargetCostUpToALimit(int tokens, double expected)
    {
        var pipeline = new ScorePipeline(new() { LengthTarget = 80, LengthPenalty = 1 / 20.0, LengthPenaltyLimit = 1 });
        Numeric.Close([expected], pipeline.Shape(Scores.FromTotals([0]), Long(tokens)).Totals, "score", 1e-12, 0);
    }

    [Theory]
    [InlineData(0.5, 3)]
    [InlineData(0.0, -0.5)]
    [InlineData(-2.0, -2.5)]
    public void StopProperlyPenaltyCoef_ResponseThatWasCutOff_IsScaledOrReplaced(double coef, double expected) =>
        Close([5, expected], new ScorePipeline(new() { StopProperlyPenaltyCoef = coef, MissingEosPenalty = 0.5 }), [5, 7]);

    [Fact]
    public void DenseRowsStayDense()
    {
        var pipeline = new ScorePipeline(new() { Scaling = ScoreScaling.Reference, Clip = 1.5, MissingEosPenalty = 0.5 });
        var rows = pipeline.Shape(new([[4, 1], [7]]), Rollouts()).Rows;                     // totals 5 and 7, mean 6
        // 4 and 1 − 6, each divided by √2, each clipped
        Numeric.Close([1.5, -1.5], rows[0], "dense", 1e-12, 0);
        Numeric.Close([1 / Root2 - 0.5], rows[1], "whole", 1e-12, 0);
    }

    [Fact]
    public void EveryOptionChangesTheOutcome()
    {
        var plain = Outcome(new());
        var options = new (string Key, ScoreOptions Base, ScoreOptions Changed)[]
        {
            (nameof(ScoreOptions.RawClip), new(), new() { RawClip = 4 }),
            (nameof(ScoreOptions.Scaling), new() { Scaling = ScoreScaling.Running }, new() { Scaling = ScoreScaling.Whiten }),
            (nameof(ScoreOptions.Normalise), new() { Scaling = ScoreScaling.Running },
                new() { Scaling = ScoreScaling.Running, Normalise = false }),
            (nameof(ScoreOptions.Clip), new(), new() { Clip = 4 }),
            (nameof(ScoreOptions.StopProperlyPenaltyCoef), new(), new() { StopProperlyPenaltyCoef = 0.5 }),
            (nameof(ScoreOptions.MissingEosPenalty), new(), new() { MissingEosPenalty = 1 }),
            (nameof(ScoreOptions.LengthPenalty), new(), new() { LengthPenalty = 1 }),
            (nameof(ScoreOptions.LengthTarget), new() { LengthPenalty = 1 }, new() { LengthPenalty = 1, LengthTarget = 1 }),
            (nameof(ScoreOptions.LengthPenaltyLimit), new() { LengthPenalty = 1 }, new() { LengthPenalty = 1, LengthPenaltyLimit = 0.5 }),
        };
        Assert.All(options, row => Assert.NotEqual(Outcome(row.Base), Outcome(row.Changed)));
        Assert.Equal(typeof(ScoreOptions).GetProperties().Where(property => property.CanWrite).Select(property => property.Name)
            .Order(), options.Select(row => row.Key).Order());
        Assert.Equal([5, 7, 1, 2], plain);
        foreach (var scaling in Enum.GetValues<ScoreScaling>().Where(scaling => scaling != ScoreScaling.None))
            Assert.NotEqual(plain, Outcome(new() { Scaling = scaling }));

        static double[] Outcome(ScoreOptions options)
        {
            var pipeline = new ScorePipeline(options);
            return [.. pipeline.Shape(Scores.FromTotals([5, 7]), Rollouts()).Totals,
                .. pipeline.Shape(Scores.FromTotals([1, 2]), Rollouts()).Totals];
        }
    }

    /// <summary>trlX's running scale, of scores without and with clipping to ±1.5 before.</summary>
    [Theory]
    [MemberData(nameof(Moments))]
    [Trait("Category", "Golden")]
    public void RunningScalingAgrees(string name)
    {
        var (item, _) = GoldenFile.Read("running_moments", name);
        var scaled = new ScorePipeline(new() { Scaling = ScoreScaling.Running, Normalise = false });
        var clipped = new ScorePipeline(new() { Scaling = ScoreScaling.Running, Normalise = false, RawClip = 1.5 });
        foreach (var step in item.GetProperty("steps").EnumerateArray())
        {
            var scores = Scores.FromTotals(GoldenTensor.Read(step.GetProperty("xs")).Data);
            var rollouts = Many(scores.Rows.Length);
            Golden.Close(
                GoldenTensor.Read(step.GetProperty("scaled")).Data, scaled.Shape(scores, rollouts).Totals, "scaled", Tolerance.Loss);
            Golden.Close(
                GoldenTensor.Read(step.GetProperty("clipped_scaled")).Data, clipped.Shape(scores, rollouts).Totals, "clipped_scaled",
                Tolerance.Loss);
        }
    }

    /// <summary>A response of two tokens that ended, and one of one token that did not.</summary>
    static Rollouts Rollouts() => Training.Policies.Rollouts.From(
        [new([1], "a"), new([1], "b")],
        [new([5, 0], [-1.0f, -0.5f], [], Ended: true), new([6], [-2.0f], [], Ended: false)],
        Device.Cpu);

    static Rollouts Long(int tokens) =>
        Training.Policies.Rollouts.From([new([1], "a")], [new(new int[tokens], new float[tokens], [], Ended: true)], Device.Cpu);

    static Rollouts Many(int count) => Training.Policies.Rollouts.From(
        [.. Enumerable.Repeat(new Data.TokenPrompt([1], "a"), count)],
        [.. Enumerable.Repeat(new Generation.Response([0], [0], [], Ended: true), count)],
        Device.Cpu);

    static void Close(double[] expected, ScorePipeline pipeline, double[] scores) =>
        Numeric.Close(expected, pipeline.Shape(Scores.FromTotals(scores), Rollouts()).Totals, "scores", 1e-6, 1e-5);
}
