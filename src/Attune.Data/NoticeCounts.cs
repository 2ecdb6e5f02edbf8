using Attune.Text;

namespace Attune.Data;

/// <summary>How many examples a notice is about, and the first of them.</summary>
sealed record NoticeCount(string What, int Count, Origin First);

/// <summary>Counts the examples that each notice is about, and remembers the first of them.</summary>
sealed class NoticeCounts
{
    readonly Dictionary<string, (int Count, Origin First, Origin Last)> counts = new(StringComparer.Ordinal);
    HashSet<string> latest = new(StringComparer.Ordinal);

    /// <summary>One sentence for each notice, beginning with its count.</summary>
    public IEnumerable<string> Sentences =>
        counts.Select(notice => $"{Quantity.Sentence(notice.Value.Count, notice.Key)} (the first: {notice.Value.First})");

    /// <summary>Each notice with its count and the first example.</summary>
    public IReadOnlyList<NoticeCount> Counts =>
        [.. counts.Select(notice => new NoticeCount(notice.Key, notice.Value.Count, notice.Value.First))];

    /// <summary>Adds the counts of examples that come after those that were counted so far.</summary>
    public void Add(IEnumerable<NoticeCount> later)
    {
        foreach (var (what, count, first) in later)
            counts[what] = counts.TryGetValue(what, out var known) ? known with { Count = known.Count + count } : (count, first, first);
    }

    /// <summary>The different notices since the last call.</summary>
    public IReadOnlyCollection<string> TakeLatest()
    {
        var taken = latest;
        latest = new(StringComparer.Ordinal);
        return taken;
    }

    /// <summary>Counts an example; one that encoding adds several times in a row counts once.</summary>
    public void Add(string what, Origin origin)
    {
        latest.Add(what);
        if (!counts.TryGetValue(what, out var known))
            counts[what] = (1, origin, origin);
        else if (known.Last != origin)
            counts[what] = (known.Count + 1, known.First, origin);
    }
}
