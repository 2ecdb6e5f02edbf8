namespace Attune.Text;

/// <summary>Finds the most similar known name, for "did you mean" in error messages.</summary>
public static class NearestName
{
    /// <summary>
    /// The known name with the smallest edit distance to <paramref name="name"/>, ignoring case, underscores and hyphens; null when
    /// none is near, that is when more than a third of the letters differ, or more than one of a name of up to five letters.
    /// </summary>
    public static string? Find(string name, IEnumerable<string> known)
    {
        var wanted = Plain(name);
        var (nearest, best) = ((string?)null, int.MaxValue);
        foreach (var candidate in known)
        {
            var plain = Plain(candidate);
            var distance = EditDistance(wanted, plain);
            if (distance < best && distance <= Math.Max(1, Math.Min(wanted.Length, plain.Length) / 3))
                (nearest, best) = (candidate, distance);
        }
        return nearest;
    }

    static string Plain(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>
    /// The number of insertions, deletions, substitutions and transpositions of neighbours between two words (Damerau 1964).
    /// </summary>
    static int EditDistance(string from, string to)
    {
        var costs = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
            for (var j = 0; j <= to.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    costs[i, j] = i + j;
                    continue;
                }
                var substitution = costs[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                costs[i, j] = Math.Min(substitution, 1 + Math.Min(costs[i - 1, j], costs[i, j - 1]));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    costs[i, j] = Math.Min(costs[i, j], costs[i - 2, j - 2] + 1);
            }
        return costs[from.Length, to.Length];
    }
}
