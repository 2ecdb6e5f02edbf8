using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;

namespace Attune.Training.Tests.Algorithms;

/// <summary>The mask of DPPO, of tokens small enough to work out by hand.</summary>
public sealed class DivergenceTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void IsFar_ByTotalVariation_IsOfTokensThatMovedWithTheirAdvantage() => Assert.Equal(
        [true, false, true, false, false, false],
        IsFar(DivergenceType.BinaryTv, 0.2, [0.5, 0.5, 0.5, 0.5, 0.5, 1e-4], [0.9, 0.52, 0.1, 0.7, 0.1, 0.01], [1, 1, -1, -1, 1, 1]));

    [Theory]
    [InlineData(0.5, true)]
    [InlineData(0.52, false)]
    public void IsFar_ByKl_ComparesTakingTheTokenOrNot(double limit, bool expected)
    {
        // 0.5 log(0.5 / 0.9) + 0.5 log(0.5 / 0.1) = 0.5108 nats
        Assert.Equal([expected], IsFar(DivergenceType.BinaryKl, limit, [0.5], [0.9], [1]));
    }

    [Fact]
    public void IsFar_OfCertainTokens_IsDefined() =>
        Assert.Equal([false, true], IsFar(DivergenceType.BinaryKl, 0.2, [1, 0.5], [1, 1], [1, 1]));

    [Fact]
    public void Near_RareToken_KeepsItsGradientWithABoundedRatio()
    {
        // A ratio of 100 counts as 20; PPO's clip at 1.2 would leave no gradient.
        var (logprobs, old) = (Logs([0.01, 0.9]), Logs([1e-4, 0.5]));
        logprobs.RequiresGrad = true;
        var advantages = Tensor.From([1.0, 1], 2);
        var isFar = PolicyLosses.IsFar(logprobs, old, advantages, DivergenceType.BinaryTv, 0.2, 0.2)!;
        var loss = PolicyLosses.Near((logprobs - old).Exp(), logprobs, advantages, isFar);
        Numeric.Close([-20 * Math.Log(0.01), 0], loss.Detach().ToArray<double>(), "loss", 1e-9);
        loss.Sum().Backward();
        Numeric.Close([-20, 0], logprobs.Grad!.ToArray<double>(), "gradient", 1e-9);
    }

    static bool[] IsFar(DivergenceType type, double limit, double[] old, double[] now, double[] advantages) =>
        PolicyLosses.IsFar(Logs(now), Logs(old), Tensor.From(advantages, advantages.Length), type, limit, limit)!.ToArray<bool>();

    static Tensor Logs(double[] probabilities) => Tensor.From(Array.ConvertAll(probabilities, Math.Log), probabilities.Length);
}
