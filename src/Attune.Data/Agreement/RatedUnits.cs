namespace Attune.Data.Agreement;

/// <summary>
/// The units that at least two annotators rated. A unit is one part of one item, with one rating per annotator; if an annotator rated it
/// twice, the later rating counts. Different units may have different annotators, and different numbers of them.
/// </summary>
public sealed class RatedUnits
{
    /// <param name="ratings">The ratings, in the order in which they were made.</param>
    public RatedUnits(IEnumerable<Rating> ratings)
    {
        var units = new Dictionary<(long, int), List<Rating>>();
        foreach (var rating in ratings)
        {
            if (!units.TryGetValue((rating.Item, rating.Part), out var unit))
                units.Add((rating.Item, rating.Part), unit = []);
            Replace(unit, rating);
        }
        Units = [.. units.Values.Where(unit => unit.Count > 1)];
        Items = Units.Select(unit => unit[0].Item).Distinct().Count();
        Values = [.. Units.SelectMany(unit => unit).Select(rating => rating.Value).Distinct().Order()];
    }

    /// <summary>The ratings of each unit, two or more.</summary>
    public IReadOnlyList<IReadOnlyList<Rating>> Units { get; }

    /// <summary>How many items the units belong to.</summary>
    public int Items { get; }

    /// <summary>The values that occur, in ascending order.</summary>
    public IReadOnlyList<int> Values { get; }

    static void Replace(List<Rating> unit, Rating rating)
    {
        for (var i = unit.Count - 1; i >= 0; i--)
            if (unit[i].Rater == rating.Rater)
                unit.RemoveAt(i);
        unit.Add(rating);
    }
}
