namespace Attune.Torch.Tests;

public sealed class RandomSourceTests
{
    [Fact]
    public void TheSameSeedGivesTheSameNumbers()
    {
        Assert.Equal(Draw(new RandomSource(7)), Draw(new RandomSource(7)));
        Assert.NotEqual(Draw(new RandomSource(7)), Draw(new RandomSource(8)));
    }

    [Fact]
    public void ASavedStateContinuesTheSequence()
    {
        using var random = new RandomSource(7);
        Draw(random);
        var state = random.State;
        var expected = Draw(random);
        using var other = new RandomSource(1);
        other.State = state;
        Assert.Equal(expected, Draw(other));
    }

    [Fact]
    public void ReseedingStartsTheSequenceAgain()
    {
        using var random = new RandomSource(7);
        var expected = Draw(random);
        random.Reseed(7);
        Assert.Equal(expected, Draw(random));
    }

    [Fact]
    public void ABernoulliDrawIsOneWithItsProbability()
    {
        using var random = new RandomSource(7);
        Assert.InRange(Tensor.Empty([100_000]).BernoulliInPlace(0.3, random).Mean().Item(), 0.295, 0.305);
    }

    static float[] Draw(RandomSource random) =>
        [.. Tensor.Uniform([5], random).ToArray<float>(), .. Tensor.Normal([5], 1, 2, random).ToArray<float>()];
}
