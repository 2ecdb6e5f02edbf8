using Attune.Text;

namespace Attune.Data;

/// <summary>Counts what happened to examples during encoding, and remembers the first example of each notice.</summary>
sealed class NoticeCounts
{
    readonly Dictionary<string, (int Count, string First)> counts = new(StringComparer.Ordinal);
    HashSet<string> latest = new(StringComparer.Ordinal);

    /// <summary>One sentence for each notice, beginning with its count.</summary>
    public IEnumerable<string> Sentences =>
        counts.Select(notice => $"{Quantity.Sentence(notice.Value.Count, notice.Key)} (the first: {notice.Value.First})");

    /// <summary>The different notices since the last call.</summary>
    public IReadOnlyCollection<string> TakeLatest()
    {
        var taken = latest;
        latest = new(StringComparer.Ordinal);
        return taken;
    }

    public void Add(string what, Origin origin)
    {
        latest.Add(what);
        counts[what] = counts.TryGetValue(what, out var known) ? (known.Count + 1, known.First) : (1, origin.ToString());
    }
}
