using Attune.Testing;
using Attune.Torch;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>What becomes of scores, worked out by hand.</summary>
public sealed class ScorePipelineTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void ReferenceScalingKeepsTheShiftAndScaleOfTheFirstStep()
    {
        var pipeline = new ScorePipeline(new() { Scaling = ScoreScaling.Reference });
        var deviation = Math.Sqrt(2);                                                        // of 5 and 7
        Close([-1 / deviation, 1 / deviation], pipeline, [5, 7]);
        Close([4 / deviation, 4 / deviation], pipeline, [10, 10]);
    }

    [Fact]
    public void RunningScalingDividesByTheDeviationSoFar() =>
        Close([5 / Math.Sqrt(2), 7 / Math.Sqrt(2)], new ScorePipeline(new() { Scaling = ScoreScaling.Running }), [5, 7]);

    [Fact]
    public void ScoresAreCutAndAnAnswerWithoutAnEndPays() =>
        Close([2, -2.5], new ScorePipeline(new() { Clip = 2, MissingEosPenalty = 0.5 }), [9, -9]);

    /// <summary>A response of two tokens that ended, and one of one token that did not.</summary>
    static Rollouts Rollouts() => Training.Rollouts.From(
        [new([1], "a"), new([1], "b")],
        [new([5, 0], [-1.0f, -0.5f], [], Ended: true), new([6], [-2.0f], [], Ended: false)],
        Device.Cpu);

    static void Close(double[] expected, ScorePipeline pipeline, double[] scores) =>
        Numeric.Close(expected, pipeline.Shape(Scores.Of(scores), Rollouts()).Totals, "scores", 1e-6, 1e-5);
}
