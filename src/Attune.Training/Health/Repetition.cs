namespace Attune.Training.Health;

/// <summary>Measures how much responses repeat themselves, in tokens.</summary>
public static class Repetition
{
    const int Length = 3;

    /// <summary>
    /// The share of 3-grams that repeat an earlier one of the same response, a mean over responses: seq-rep-n of Welleck et al. 2020,
    /// section 6, https://arxiv.org/abs/1908.04319. A response of fewer than three tokens repeats nothing.
    /// </summary>
    public static double Measure(IReadOnlyCollection<int[]> responses) => responses.Average(Share);

    /// <summary>Distinct responses, as a share of all.</summary>
    public static double Distinct(IReadOnlyCollection<int[]> responses) =>
        responses.Select(Key).Distinct(StringComparer.Ordinal).Count() / (double)responses.Count;

    static double Share(int[] response)
    {
        var all = response.Length - Length + 1;
        return all < 1
            ? 0
            : 1 - Enumerable.Range(0, all).Select(i => (response[i], response[i + 1], response[i + 2])).Distinct().Count() / (double)all;
    }

    static string Key(int[] response) => string.Join(' ', response);
}
