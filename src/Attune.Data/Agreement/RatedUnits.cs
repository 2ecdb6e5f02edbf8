using System.Runtime.InteropServices;

namespace Attune.Data.Agreement;

/// <summary>
/// The units that at least two annotators rated, by item and part. A unit is one part of one item, with one rating per annotator; if an
/// annotator rated it twice, the later rating counts. Different units may have different annotators, and different numbers of them.
/// </summary>
public sealed class RatedUnits
{
    readonly List<Rating> ratings = [];                          // those of a unit one after the other
    readonly List<int> starts = [0];

    /// <param name="ratings">The ratings, in the order in which they were made. Fastest if those of an item follow each other.</param>
    public RatedUnits(IEnumerable<Rating> ratings)
    {
        var all = ratings.ToArray();
        if (!IsByItem(all))
            all = [.. all.OrderBy(rating => rating.Item)];
        for (int start = 0, end; start < all.Length; start = end)
        {
            for (end = start + 1; end < all.Length && all[end].Item == all[start].Item;)
                end++;
            if (end - start > 1)
                AddItem(all.AsSpan(start..end));
        }
        var values = new HashSet<int>();
        foreach (var rating in this.ratings)
            values.Add(rating.Value);
        Values = [.. values.Order()];
    }

    /// <summary>How many units there are.</summary>
    public int Count => starts.Count - 1;

    /// <summary>How many items the units belong to.</summary>
    public int Items { get; private set; }

    /// <summary>The values that occur, in ascending order.</summary>
    public IReadOnlyList<int> Values { get; }

    /// <summary>The ratings of all units.</summary>
    public IReadOnlyList<Rating> Ratings => ratings;

    /// <summary>The ratings of a unit, two or more.</summary>
    public ReadOnlySpan<Rating> this[int unit] =>
        CollectionsMarshal.AsSpan(ratings)[starts[unit]..starts[unit + 1]];

    static bool IsByItem(ReadOnlySpan<Rating> ratings)
    {
        for (var i = 1; i < ratings.Length; i++)
            if (ratings[i].Item < ratings[i - 1].Item)
                return false;
        return true;
    }

    void AddItem(Span<Rating> item)
    {
        SortByPart(item);
        var before = Count;
        for (int start = 0, end; start < item.Length; start = end)
        {
            for (end = start + 1; end < item.Length && item[end].Part == item[start].Part;)
                end++;
            AddUnit(item[start..end]);
        }
        Items += Count > before ? 1 : 0;
    }

    /// <summary>Insertion sort, which keeps the order of the ratings of a part.</summary>
    static void SortByPart(Span<Rating> item)
    {
        for (var i = 1; i < item.Length; i++)
            for (var j = i; j > 0 && item[j].Part < item[j - 1].Part; j--)
                (item[j], item[j - 1]) = (item[j - 1], item[j]);
    }

    void AddUnit(ReadOnlySpan<Rating> unit)
    {
        for (var i = 0; i < unit.Length; i++)
            if (!HasRater(unit[(i + 1)..], unit[i].Rater))
                ratings.Add(unit[i]);
        if (ratings.Count - starts[^1] > 1)
            starts.Add(ratings.Count);
        else
            ratings.RemoveRange(starts[^1], ratings.Count - starts[^1]);
    }

    static bool HasRater(ReadOnlySpan<Rating> ratings, long rater)
    {
        foreach (var rating in ratings)
            if (rating.Rater == rater)
                return true;
        return false;
    }
}
