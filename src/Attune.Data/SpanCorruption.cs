using System.ComponentModel.DataAnnotations;

namespace Attune.Data;

/// <summary>What span corruption hides.</summary>
public sealed record SpanOptions
{
    /// <summary>The share of a text that is hidden.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Share { get; init; } = 0.15;

    /// <summary>Tokens of a hidden span, on average.</summary>
    [Range(1, double.PositiveInfinity)]
    public double MeanLength { get; init; } = 3;
}

/// <summary>
/// Span corruption: some spans of a text are hidden, each behind a sentinel, and what is learned is the sentinels with what stood in
/// their places. Raffel et al. 2020, section 3.3, https://arxiv.org/abs/1910.10683: how many tokens and spans are hidden follows from the
/// length, where they are is drawn; a text begins with what is kept and ends with what is hidden.
/// </summary>
/// <param name="options">How much is hidden.</param>
/// <param name="sentinels">Their ids, the first span's first.</param>
/// <param name="start">What the target begins with, which is not learned.</param>
/// <param name="eos">What ends source and target.</param>
public sealed class SpanCorruption(SpanOptions options, IReadOnlyList<int> sentinels, int start, int eos)
{
    /// <summary>A text of at least two tokens, as source and target, as it looks the <paramref name="number"/>th time; seed and number decide every draw.</summary>
    public TokenRow Corrupt(ReadOnlySpan<int> text, int seed, long number)
    {
        var random = new Random(SplitMix.Next(seed, number));
        var hidden = Math.Clamp((int)Math.Round(text.Length * options.Share), 1, text.Length - 1);
        var spans = Math.Clamp((int)Math.Round(hidden / options.MeanLength), 1, Math.Min(sentinels.Count, Math.Min(hidden, text.Length - hidden)));
        var (keptLengths, hiddenLengths) = (Parts(text.Length - hidden, spans, random), Parts(hidden, spans, random));
        List<int> source = [];
        List<int> target = [start];
        for (var span = 0; span < spans; span++)
        {
            source.AddRange([.. text[..keptLengths[span]], sentinels[span]]);
            text = text[keptLengths[span]..];
            target.AddRange([sentinels[span], .. text[..hiddenLengths[span]]]);
            text = text[hiddenLengths[span]..];
        }
        source.Add(eos);
        target.Add(eos);
        return new([.. target], [.. target.Select((_, at) => at > 0)], Source: [.. source]);
    }

    /// <summary>Numbers of at least 1 with this sum; all such are equally likely.</summary>
    static int[] Parts(int sum, int count, Random random)
    {
        int[] places = [.. Enumerable.Range(1, sum - 1)];
        random.Shuffle(places);
        int[] ends = [0, .. places.Take(count - 1).Order(), sum];
        return [.. ends.Zip(ends.Skip(1), (from, to) => to - from)];
    }
}
