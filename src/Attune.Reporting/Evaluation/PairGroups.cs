using Attune.Reporting.Charts;

namespace Attune.Reporting.Evaluation;

/// <summary>Pairs that share a property, and the accuracy of a reward model on them.</summary>
/// <param name="Name">The value or range of the property, as text.</param>
/// <param name="At">The group's position on an axis: the mean of the property.</param>
/// <param name="Rate">The accuracy.</param>
public sealed record PairGroup(string Name, double At, PairRate Rate);

/// <summary>Groups pairs by a property.</summary>
static class PairGroups
{
    const int MaxLevels = 9;
    const int Spans = 5;

    /// <summary>A group for each value where there are few, else ranges of values with about the same number of pairs.</summary>
    public static IReadOnlyList<PairGroup> ByNumber(IEnumerable<EvaluatedPair> pairs, Func<EvaluatedPair, double?> number, string unit)
    {
        var known = pairs.Where(pair => number(pair) is not null).ToList();
        var values = known.Select(pair => number(pair)!.Value).Distinct().Count();
        return [.. Bins(known, pair => number(pair)!.Value, values <= MaxLevels ? int.MaxValue : Spans)
            .Select(bin => Group(bin, number, unit))];
    }

    /// <summary>Groups by the two sources of a pair, in any order.</summary>
    public static IReadOnlyList<PairGroup> BySources(IEnumerable<EvaluatedPair> pairs) =>
    [
        .. pairs.Where(pair => pair.Chosen.Source is not null && pair.Rejected.Source is not null)
            .GroupBy(pair =>
                string.Join(" – ", new[] { pair.Chosen.Source, pair.Rejected.Source }.Order(StringComparer.Ordinal)),
                StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select((group, at) => new PairGroup(group.Key, at, PairRate.FromPairs([.. group], pair => pair.Correct))),
    ];

    /// <summary>Items sorted by a number, in bins of about the same size; items with equal numbers share a bin.</summary>
    public static IEnumerable<IReadOnlyList<T>> Bins<T>(IReadOnlyCollection<T> items, Func<T, double> number, int count)
    {
        var bin = new List<T>();
        foreach (var equal in items.GroupBy(number).OrderBy(group => group.Key))
        {
            bin.AddRange(equal);
            if (bin.Count < (double)items.Count / count)
                continue;
            yield return bin;
            bin = [];
        }
        if (bin.Count > 0)
            yield return bin;
    }

    static PairGroup Group(IReadOnlyList<EvaluatedPair> bin, Func<EvaluatedPair, double?> number, string unit)
    {
        var (low, high) = (bin.Min(number)!.Value, bin.Max(number)!.Value);
        var name = low == high ? NumberFormat.Number(low) : $"{NumberFormat.Number(low)} to {NumberFormat.Number(high)}";
        return new($"{name}{unit}", bin.Average(number)!.Value, PairRate.FromPairs(bin, pair => pair.Correct));
    }
}
