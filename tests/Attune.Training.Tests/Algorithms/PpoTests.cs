using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
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
        // γ = λ = 1 and values 0: an advantage is the sum of the rewards from its token on.
        var experience = Estimate(new() { GaeLambda = 1, WhitenAdvantages = false }, [3, -1], new() { Coef = 0.5 });
        Close([3 - 0.5 * (0.2 + 0.1), 3 - 0.5 * 0.1, -1 - 0.5 * -0.4, 0], experience.Advantages);
        Close([3 - 0.5 * (0.2 + 0.1), 3 - 0.5 * 0.1, -1 - 0.5 * -0.4, 0], experience.Returns!);
    }

    [Theory]
    [InlineData(KlEstimator.K1, (0.2 + 0.1 - 0.4) / 2)]
    [InlineData(KlEstimator.Abs, (0.2 + 0.1 + 0.4) / 2)]
    [InlineData(KlEstimator.K2, (0.02 + 0.005 + 0.08) / 2)]
    [InlineData(KlEstimator.K3, (0.018730753 + 0.004837418 + 0.091824698) / 2)]
    public void TheEstimatorThatIsNamedIsTheOneThatIsLogged(KlEstimator estimator, double expected)
    {
        var (step, kl) = (new TrainingStep(1), new KlPenalty(new() { Estimator = estimator }));
        kl.Update(Rollouts(kl), Scores.FromTotals([0, 0]), step);
        Numeric.Close(expected, step.Metrics["objective/kl"], "KL", 1e-6, 1e-5);
    }

    [Fact]
    public void DenseScoresStandAtTheirTokens()
    {
        var scores = new Scores([[1, 2], [4]]);
        var kl = new KlPenalty(new() { Coef = 0 });
        var experience = new Ppo(new() { GaeLambda = 1, WhitenAdvantages = false }, kl).Estimate(Rollouts(kl), scores, new(1));
        Close([1 + 2, 2, 4, 0], experience.Advantages);
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
        var kl = new KlPenalty(new() { Coef = 0.1, Controller = KlControl.Adaptive, Target = 0.001, Horizon = 20 });
        var (first, second) = (new TrainingStep(1), new TrainingStep(2));
        kl.Update(Rollouts(kl), Scores.FromTotals([0, 0]), first);
        kl.Update(Rollouts(kl), Scores.FromTotals([0, 0]), second);
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

    [Fact]
    public void Gae_LambdaOfEachRow_IsThatOfTheRowAlone()
    {
        var (rewards, values) = (Tensor.From([1.0, 2, 4, 1, 2, 4], 2, 3), Tensor.From([0.5, 0.25, 2, 0.5, 0.25, 2], 2, 3));
        var (advantages, returns) = Gae.Estimate(rewards, values, gamma: 0.5, lambdas: Tensor.From([1.0, 0], 2));
        Close([1 + 0.5 * 2 + 0.25 * 4 - 0.5, 2 + 0.5 * 4 - 0.25, 4 - 2, 1 + 0.5 * 0.25 - 0.5, 2 + 0.5 * 2 - 0.25, 4 - 2], advantages);
        Close([3, 4, 4, 1 + 0.5 * 0.25, 2 + 0.5 * 2, 4], returns);
    }

    [Fact]
    public void AdaptiveLambdas_ThreeLengths_AreOneMinusTheInverseOfAlphaTimesTheLength()
    {
        var mask = Tensor.Arange(0, 100).Unsqueeze(0).LessOrEqual(Tensor.From([3L, 39, 99], 3, 1));  // 4, 40 and 100 tokens
        Close([0, 1 - 1 / (0.05 * 40), 1 - 1 / (0.05 * 100)], Gae.AdaptiveLambdas(mask, 0.05));
    }

    /// <summary>δ of the first response: 0.25 − 0.5 and 3 − 0.25; of the second: −1 − 1.</summary>
    [Theory]
    [InlineData(0.5, 1.0, 0.0)]
    [InlineData(1.0, null, 1.0)]
    public void Lambda_OfAdvantagesAndReturns_MayDiffer(double lambda, double? valueLambda, double alpha)
    {
        var kl = new KlPenalty(new() { Coef = 0 });
        var rollouts = Rollouts(kl) with { Values = Tensor.From([0.5f, 0.25f, 1, 0], 2, 2) };
        var options = new PpoOptions
        {
            GaeLambda = lambda, ValueGaeLambda = valueLambda, GaeLambdaAlpha = alpha, WhitenAdvantages = false,
        };
        var experience = new Ppo(options, kl).Estimate(rollouts, Scores.FromTotals([3, -1]), new(1));
        Close([-0.25 + 0.5 * 2.75, 2.75, -2, 0], experience.Advantages);
        Close([3, 3, -1, 0], experience.Returns!);
    }

    static Experience Estimate(PpoOptions options, double[] scores, KlOptions? penalty = null)
    {
        var kl = new KlPenalty(penalty ?? new());
        return new Ppo(options, kl).Estimate(Rollouts(kl), Scores.FromTotals(scores), new(1));
    }

    /// <summary>A response of two tokens that ended, and one of one token that did not.</summary>
    static Rollouts Rollouts(KlPenalty kl) => kl.AddTo(
        Training.Policies.Rollouts.From(
            [new([1], "a"), new([1], "b")],
            [new([5, 0], [-1.0f, -0.5f], [0, 0], Ended: true), new([6], [-2.0f], [0], Ended: false)],
            Device.Cpu),
        refLogprobs: Tensor.From([-1.2f, -0.6f, -1.6f, 0], 2, 2));

    static void Close(double[] expected, Tensor actual) =>
        Numeric.Close(expected, actual.To(DType.Float64).ToArray<double>(), "numbers", 1e-6, 1e-5);
}
