namespace Attune.Reporting.TextMetrics;

/// <summary>N-grams of words.</summary>
public static class NGrams
{
    /// <summary>The n-grams, each as its words with spaces between them.</summary>
    /// <param name="words">Words without spaces.</param>
    /// <param name="n">The words of an n-gram, at least 1.</param>
    public static IEnumerable<string> From(string[] words, int n) =>
        Enumerable.Range(0, Math.Max(0, words.Length - n + 1)).Select(first => string.Join(' ', words, first, n));

    /// <summary>How often each n-gram occurs.</summary>
    /// <inheritdoc cref="From"/>
    public static Dictionary<string, int> Count(string[] words, int n) =>
        From(words, n).CountBy(ngram => ngram, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

    /// <summary>Distinct n-grams as a share of all; 1 for a text that is too short to have one.</summary>
    /// <inheritdoc cref="From"/>
    public static double DistinctShare(string[] words, int n) =>
        words.Length < n ? 1 : From(words, n).Distinct(StringComparer.Ordinal).Count() / (double)(words.Length - n + 1);

    /// <summary>How many n-grams two texts have in common; one that both repeat counts as often as the one with fewer repeats it.</summary>
    internal static int Common(Dictionary<string, int> one, Dictionary<string, int> other) =>
        one.Sum(ngram => Math.Min(ngram.Value, other.GetValueOrDefault(ngram.Key)));
}
