using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.Runs;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Rewards and advantages of PPO on two responses small enough to work out by hand.</summary>
public sealed class PpoTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void TheScoreStandsAtTheLastTokenAndEveryTokenPaysForItsKl()
    {
        // γ = λ = 1 and values 0: an advantage is the sum of the rewards from there on.
        var experience = Estimate(new() { KlCoef = 0.5, GaeLambda = 1, WhitenAdvantages = false }, [3, -1]);
        Close([3 - 0.5 * (0.2 + 0.1), 3 - 0.5 * 0.1, -1 - 0.5 * -0.4, 0], experience.Advantages);
        Close([3 - 0.5 * (0.2 + 0.1), 3 - 0.5 * 0.1, -1 - 0.5 * -0.4, 0], experience.Returns);
    }

    [Theory]
    [InlineData(KlEstimator.K1, (0.2 + 0.1 - 0.4) / 2)]
    [InlineData(KlEstimator.K2, (0.02 + 0.005 + 0.08) / 2)]
    [InlineData(KlEstimator.K3, (0.018730753 + 0.004837418 + 0.091824698) / 2)]
    public void TheEstimatorThatIsNamedIsTheOneThatIsLogged(KlEstimator estimator, double expected)
    {
        var step = new TrainingStep(1);
        Estimate(new() { KlEstimator = estimator }, [0, 0], step);
        Numeric.Close(expected, step.Metrics["objective/kl"], "KL", 1e-6, 1e-5);
    }

    [Fact]
    public void ReferenceScalingKeepsTheShiftAndScaleOfTheFirstStep()
    {
        var ppo = new Ppo(new() { KlCoef = 0, GaeLambda = 1, WhitenAdvantages = false, ScoreScaling = ScoreScaling.Reference });
        var deviation = Math.Sqrt(2);                                                        // of 5 and 7
        Close([-1 / deviation, -1 / deviation, 1 / deviation, 0], ppo.Estimate(Rollouts(), [5, 7], Reference(), new(1)).Advantages);
        Close([4 / deviation, 4 / deviation, 4 / deviation, 0], ppo.Estimate(Rollouts(), [10, 10], Reference(), new(2)).Advantages);
    }

    [Fact]
    public void RunningScalingDividesByTheDeviationSoFar()
    {
        var ppo = new Ppo(new() { KlCoef = 0, GaeLambda = 1, WhitenAdvantages = false, ScoreScaling = ScoreScaling.Running });
        var deviation = Math.Sqrt(2);
        Close([5 / deviation, 5 / deviation, 7 / deviation, 0], ppo.Estimate(Rollouts(), [5, 7], Reference(), new(1)).Advantages);
    }

    [Fact]
    public void ScoresAreCutAndAnAnswerWithoutAnEndPays()
    {
        var experience = Estimate(new() { KlCoef = 0, GaeLambda = 1, WhitenAdvantages = false, ScoreClip = 2, MissingEosPenalty = 0.5 }, [9, -9]);
        Close([2, 2, -2.5, 0], experience.Advantages);
    }

    [Fact]
    public void WhitenedAdvantagesHaveMeanZeroAndDeviationOneOverRealTokens()
    {
        var advantages = Estimate(new(), [3, -1]).Advantages.ToArray<float>();
        Assert.Equal(0, advantages[3]);
        Numeric.Close(0, advantages[..3].Average(), "mean", 1e-6);
        Numeric.Close(2, advantages[..3].Sum(x => x * x), "sum of squares", 1e-4);
    }

    [Fact]
    public void TheCoefficientMovesAfterTheStepItWasUsedIn()
    {
        var ppo = new Ppo(new() { KlCoef = 0.1, KlTarget = 0.001, KlHorizon = 20 });
        var (first, second) = (new TrainingStep(1), new TrainingStep(2));
        ppo.Estimate(Rollouts(), [0, 0], Reference(), first);
        ppo.Estimate(Rollouts(), [0, 0], Reference(), second);
        Assert.Equal(0.1, first.Metrics["objective/kl_coef"]);
        Assert.Equal(0.1 * (1 - 0.2 * 2 / 20), second.Metrics["objective/kl_coef"], 1e-12);
    }

    [Fact]
    public void GaeEqualsTheDiscountedSumWhenLambdaIsOne()
    {
        var (rewards, values) = (Tensor.From([1.0, 2, 4], 1, 3), Tensor.From([0.5, 0.25, 2], 1, 3));
        var (advantages, returns) = Gae.Estimate(rewards, values, gamma: 0.5, lambda: 1);
        Close([1 + 0.5 * 2 + 0.25 * 4 - 0.5, 2 + 0.5 * 4 - 0.25, 4 - 2], advantages);
        Close([3, 4, 4], returns);
    }

    [Fact]
    public void GaeIsTheErrorOfTheNextValueWhenLambdaIsZero()
    {
        var (rewards, values) = (Tensor.From([1.0, 2, 4], 1, 3), Tensor.From([0.5, 0.25, 2], 1, 3));
        Close([1 + 0.5 * 0.25 - 0.5, 2 + 0.5 * 2 - 0.25, 4 - 2], Gae.Estimate(rewards, values, gamma: 0.5, lambda: 0).Advantages);
    }

    static Experience Estimate(PpoOptions options, double[] scores, TrainingStep? step = null) =>
        new Ppo(options).Estimate(Rollouts(), scores, Reference(), step ?? new(1));

    /// <summary>A response of two tokens that ended, and one of one token that did not.</summary>
    static Rollouts Rollouts() => Training.Rollouts.From(
        [new([1], "a"), new([1], "b")],
        [new([5, 0], [-1.0f, -0.5f], [], Ended: true), new([6], [-2.0f], [], Ended: false)],
        Device.Cpu);

    static Tensor Reference() => Tensor.From([-1.2f, -0.6f, -1.6f, 0], 2, 2);

    static void Close(double[] expected, Tensor actual) => Numeric.Close(expected, actual.To(DType.Float64).ToArray<double>(), "numbers", 1e-6, 1e-5);
}
