using Attune.Torch;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Estimation;

public sealed class GaeTests
{
    /// <summary>Replies between turns change nothing: the numbers are those of the same tokens without them.</summary>
    [Fact]
    public void Estimate_RepliesBetweenTurns_AreSkipped()
    {
        var tokens = Row(0, 0.5f, 1);
        var (plain, returns) = Gae.Estimate(tokens, Row(0.3f, 0.2f, 0.1f), gamma: 0.9, lambda: 0.8);
        var mask = Tensor.From(new[] { true, false, false, true, true, false }, 1, 6);
        var (advantages, withReplies) = Gae.Estimate(
            Row(0, 0, 0, 0.5f, 1, 0), Row(0.3f, 0, 0, 0.2f, 0.1f, 0), gamma: 0.9, lambda: 0.8, mask);
        Assert.Equal(plain.ToArray<float>(), Sampled(advantages));
        Assert.Equal(returns.ToArray<float>(), Sampled(withReplies));
        // by hand: A3 = 1 − 0.1; A2 = 0.5 + 0.9 · 0.1 − 0.2 + 0.72 · 0.9; A1 = 0.9 · 0.2 − 0.3 + 0.72 · 1.038
        Assert.Equal([0.62736f, 1.038f, 0.9f], Sampled(advantages), (expected, found) => Math.Abs(expected - found) < 1e-6);

        static float[] Sampled(Tensor all) => all.ToArray<float>() is var row ? [row[0], row[3], row[4]] : [];
    }

    static Tensor Row(params float[] numbers) => Tensor.From(numbers, 1, numbers.Length);
}
