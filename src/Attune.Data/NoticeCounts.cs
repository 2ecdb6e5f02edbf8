namespace Attune.Data;

/// <summary>What happened to examples on their way to a model: how often, and to which first.</summary>
sealed class NoticeCounts
{
    readonly Dictionary<string, (int Count, string First)> counts = new(StringComparer.Ordinal);

    /// <summary>What happened, in the order in which it first did.</summary>
    public IEnumerable<string> Kinds => counts.Keys;

    /// <summary>In words, with the count in front.</summary>
    public IEnumerable<string> Sentences => counts.Select(notice => $"{notice.Value.Count} {notice.Key} (the first: {notice.Value.First})");

    public void Add(string what, Origin origin) =>
        counts[what] = counts.TryGetValue(what, out var known) ? (known.Count + 1, known.First) : (1, origin.ToString());
}
