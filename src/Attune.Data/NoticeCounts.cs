using Attune.Text;

namespace Attune.Data;

/// <summary>Counts what happened to examples during encoding, and remembers the first example of each notice.</summary>
sealed class NoticeCounts
{
    readonly Dictionary<string, (int Count, string First)> counts = new(StringComparer.Ordinal);

    /// <summary>The different notices, in the order in which they first occurred.</summary>
    public IEnumerable<string> Kinds => counts.Keys;

    /// <summary>One sentence for each notice, beginning with its count.</summary>
    public IEnumerable<string> Sentences =>
        counts.Select(notice => $"{Quantity.Sentence(notice.Value.Count, notice.Key)} (the first: {notice.Value.First})");

    public void Add(string what, Origin origin) =>
        counts[what] = counts.TryGetValue(what, out var known) ? (known.Count + 1, known.First) : (1, origin.ToString());
}
