using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Clip-Cov and KL-Cov on four tokens.</summary>
public sealed class CovarianceLimitsTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();
    readonly RandomSource random = new(3);

    public void Dispose()
    {
        random.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void Covariance_OfThreeTokens_IsTheProductOfTheDeviationsFromTheMeans()
    {
        var experience = FourTokens();
        var covariance = CovarianceLimits.Covariance(experience.Rollouts.Logprobs, experience.Advantages, experience.Mask);
        Numeric.Close([1 * 3, 0 * -1, -1 * -2], covariance.ToArray<float>().AsSpan(0, 3), "covariance", 1e-6);
    }

    [Fact]
    public void KlCov_HighestCovariance_HasAPenalty()
    {
        var limits = new CovarianceLimits(new() { KlCovRatio = 0.4, KlCovCoef = 2 }, random: null);
        var experience = limits.Select(FourTokens());                                               // ⌊0.4 · 3⌋ = 1 token
        Assert.Equal([true, false, false, false], experience.PenaltyMask!.ToArray<bool>());
        Assert.Null(experience.PolicyMask);
        var loss = limits.Apply(Tensor.From([1f, 1, 1, 1], 2, 2), experience, Tensor.From([-0.5f, 0.5f, 0.5f, 0.5f], 2, 2));
        Numeric.Close([1 + 2 * (Math.Exp(-0.5) - 1 + 0.5), 1, 1, 1], loss.ToArray<float>(), "loss", 1e-6);
    }

    [Fact]
    public void ClipCov_CovarianceBetweenTheBounds_IsLeftOut()
    {
        var limits = new CovarianceLimits(new() { ClipCovRatio = 1, ClipCovLb = 1, ClipCovUb = 2.5 }, random);
        var experience = limits.Select(FourTokens());
        Assert.Equal([true, true, false, false], experience.PolicyMask!.ToArray<bool>());           // the last is padding
        var loss = limits.Apply(Tensor.From([1f, 1, 1, 1], 2, 2), experience, Tensor.From([0f, 0, 0, 0], 2, 2));
        Assert.Equal([1, 1, 0, 0], loss.ToArray<float>());
    }

    [Fact]
    public void ClipCov_MoreTokensThanTheShare_DrawsSomeOfThem()
    {
        var limits = new CovarianceLimits(new() { ClipCovRatio = 0.34, ClipCovLb = -1, ClipCovUb = 5 }, random);
        var left = Enumerable.Range(0, 30)
            .Select(_ => limits.Select(FourTokens()).PolicyMask!.ToArray<bool>().Take(3).ToList()).ToList();
        Assert.All(left, tokens => Assert.Equal(1, tokens.Count(counts => !counts)));               // ⌊0.34 · 3⌋ = 1 token
        Assert.Equal([0, 1, 2], left.Select(tokens => tokens.IndexOf(false)).Distinct().Order());
    }

    /// <summary>Log-probabilities −1, −2, −3 with advantages 4, 0, −1, and padding: the means are −2 and 1.</summary>
    static Experience FourTokens()
    {
        var rollouts = Rollouts.From(
            [new([1], "a"), new([1], "b")],
            [new([5, 0], [-1.0f, -2.0f], [], Ended: true), new([6], [-3.0f], [], Ended: false)], Device.Cpu);
        return new(rollouts, Tensor.From([4f, 0, -1, 0], 2, 2));
    }
}
