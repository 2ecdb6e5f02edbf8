namespace Attune.Data.Tests;

public sealed class SpanCorruptionTests
{
    const int Start = 900, Eos = 901;
    static readonly int[] Sentinels = [1000, 1001, 1002, 1003, 1004, 1005];

    [Theory]
    [InlineData(40, 6, 2)]
    [InlineData(100, 15, 5)]
    [InlineData(400, 60, 6)]   // 20 spans are limited to 6 sentinels
    [InlineData(10, 2, 1)]
    [InlineData(2, 1, 1)]
    public void AShareOfTheTokensIsHiddenInSpansOfTheMeanLength(int length, int hidden, int spans)
    {
        var row = Corrupt([.. Enumerable.Range(1, length)], seed: 3);
        Assert.Equal(length - hidden + spans + 1, row.Source!.Length);
        Assert.Equal(hidden + spans + 2, row.Tokens.Length);
        Assert.Equal(Sentinels[..spans], row.Source.Where(token => token >= 1000));
        Assert.Equal(Sentinels[..spans], row.Tokens.Where(token => token >= 1000));
    }

    [Fact]
    public void TheTargetPutBackInTheSourceIsTheText()
    {
        int[] text = [.. Enumerable.Range(1, 100)];
        for (var seed = 0; seed < 50; seed++)
        {
            var row = Corrupt(text, seed);
            Assert.Equal((Start, Eos, Eos), (row.Tokens[0], row.Tokens[^1], row.Source![^1]));
            Assert.Equal(text, row.Source[..^1].SelectMany(token => token < 1000 ? [token] : Behind(token, row.Tokens[1..^1])));
        }
    }

    [Fact]
    public void EverythingBehindTheStartTokenIsLearned() =>
        Assert.Equal([false, .. Enumerable.Repeat(true, 8 + 1)], Corrupt([.. Enumerable.Range(1, 40)], seed: 1).LossMask);

    [Fact]
    public void AnyPlaceIsHiddenAsOften()
    {
        var counts = new int[40];
        for (var seed = 0; seed < 4000; seed++)
            foreach (var token in Corrupt([.. Enumerable.Range(0, 40)], seed).Tokens.Where(token => token < 40))
                counts[token]++;
        Assert.Equal(4000 * 6, counts.Sum());
        Assert.Equal(0, counts[0]);
        Assert.Equal(4000, counts[39]);
        Assert.All(counts[5..33], count => Assert.InRange(count, 300, 900));
    }

    [Fact]
    public void TheSameSeedHidesTheSame()
    {
        int[] text = [.. Enumerable.Range(1, 100)];
        Assert.Equal(Corrupt(text, seed: 7).Source, Corrupt(text, seed: 7).Source);
        Assert.NotEqual(Corrupt(text, seed: 7).Source, Corrupt(text, seed: 8).Source);
    }

    static TokenRow Corrupt(int[] text, int seed) => new SpanCorruption(new(), Sentinels, Start, Eos).Corrupt(text, seed, number: 5);

    static IEnumerable<int> Behind(int sentinel, int[] target) =>
        target.SkipWhile(token => token != sentinel).Skip(1).TakeWhile(token => token < 1000);
}
