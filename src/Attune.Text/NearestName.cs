namespace Attune.Text;

/// <summary>Finds the most similar known name, for "did you mean" in error messages.</summary>
public static class NearestName
{
    /// <summary>
    /// The known name with the smallest edit distance to <paramref name="name"/>, ignoring case, underscores and hyphens; null when
    /// none is near, that is when more than two letters and more than a third of them differ.
    /// </summary>
    public static string? Find(string name, IEnumerable<string> known)
    {
        var wanted = Plain(name);
        var (nearest, best) = ((string?)null, Math.Max(2, wanted.Length / 3) + 1);
        foreach (var candidate in known)
        {
            var distance = EditDistance(wanted, Plain(candidate));
            if (distance < best)
                (nearest, best) = (candidate, distance);
        }
        return nearest;
    }

    static string Plain(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>The number of insertions, deletions and substitutions between two words (Levenshtein 1966).</summary>
    static int EditDistance(string from, string to)
    {
        var costs = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = costs[0];
            costs[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var substitution = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = costs[j];
                costs[j] = Math.Min(substitution, 1 + Math.Min(costs[j], costs[j - 1]));
            }
        }
        return costs[^1];
    }
}
