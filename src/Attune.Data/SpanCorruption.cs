using System.ComponentModel.DataAnnotations;

namespace Attune.Data;

/// <summary>Options of span corruption.</summary>
public sealed record SpanOptions
{
    /// <summary>The share of a text's tokens that are masked.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Share { get; init; } = 0.15;

    /// <summary>The mean length of a masked span, in tokens.</summary>
    [Range(1, double.PositiveInfinity)]
    public double MeanLength { get; init; } = 3;
}

/// <summary>
/// Span corruption: replaces spans of a text by sentinels; the target is the sentinels with the tokens that they replace. Raffel et al.
/// 2020, section 3.3, https://arxiv.org/abs/1910.10683: the number of masked tokens and spans follows from the length, their places are
/// random; a text begins with an unmasked span and ends with a masked one.
/// </summary>
/// <param name="options">How much is masked.</param>
/// <param name="sentinels">The ids of the sentinels, that of the first span first.</param>
/// <param name="start">The start token of the target, which is not part of the loss.</param>
/// <param name="eos">The end-of-sequence token of source and target.</param>
public sealed class SpanCorruption(SpanOptions options, IReadOnlyList<int> sentinels, int start, int eos)
{
    /// <summary>
    /// Source and target of a text of at least two tokens for its <paramref name="number"/>th visit; all draws depend only on seed and
    /// number.
    /// </summary>
    public TokenRow Corrupt(ReadOnlySpan<int> text, int seed, long number)
    {
        var random = new Random(SplitMix.Next(seed, number));
        var hidden = Math.Clamp((int)Math.Round(text.Length * options.Share), 1, text.Length - 1);
        var spans = Math.Clamp((int)Math.Round(hidden / options.MeanLength), 1,
            Math.Min(sentinels.Count, Math.Min(hidden, text.Length - hidden)));
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

    /// <summary>Integers of at least 1 with this sum; all such sequences are equally likely.</summary>
    static int[] Parts(int sum, int count, Random random)
    {
        int[] places = [.. Enumerable.Range(1, sum - 1)];
        random.Shuffle(places);
        int[] ends = [0, .. places.Take(count - 1).Order(), sum];
        return [.. ends.Zip(ends.Skip(1), (from, to) => to - from)];
    }
}
