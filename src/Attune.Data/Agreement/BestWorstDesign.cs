namespace Attune.Data.Agreement;

/// <summary>
/// Subsets of responses for best–worst scaling (Louviere, Flynn and Marley 2015, Best-Worst Scaling, Cambridge University Press). The
/// design is cyclic: the subsets are a base subset and its shifts modulo the number of responses K, so each response is in as many subsets
/// as all others (John and Williams 1995, Cyclic and Computer Generated Designs, chapter 3). The base subset is the one whose design is the
/// most balanced: the sum of squares of how often two responses meet is the smallest; among equals the first in lexicographic order. For
/// K = 5, 7 and 13 all pairs meet equally often, as in a balanced incomplete block design.
/// </summary>
public static class BestWorstDesign
{
    /// <summary>The number of responses that are shown together.</summary>
    public const int Size = 4;

    /// <summary>The most responses: searching for the base subset takes time that grows with the third power.</summary>
    public const int MostResponses = 100;

    /// <summary>The subsets of <paramref name="count"/> responses, each as numbers in ascending order.</summary>
    /// <param name="count">The number of responses, up to <see cref="MostResponses"/>. Up to four are one subset.</param>
    public static IReadOnlyList<IReadOnlyList<int>> Subsets(int count)
    {
        if (count <= Size)
            return [[.. Enumerable.Range(0, count)]];
        var start = BaseSubset(count);
        return [.. Enumerable.Range(0, count).Select(shift => start.Select(each => (each + shift) % count).Order().ToList())];
    }

    static int[] BaseSubset(int count)
    {
        var (best, least) = (Array.Empty<int>(), int.MaxValue);
        for (var a = 1; a < count; a++)
            for (var b = a + 1; b < count; b++)
                for (var c = b + 1; c < count; c++)
                    if (Imbalance([0, a, b, c], count) is var imbalance && imbalance < least)
                        (best, least) = ([0, a, b, c], imbalance);
        return best;
    }

    /// <summary>Σ λ² over the differences modulo K, where λ is how often two responses with that difference meet.</summary>
    static int Imbalance(ReadOnlySpan<int> subset, int count)
    {
        Span<int> meetings = stackalloc int[count];
        var sum = 0;
        foreach (var one in subset)
            foreach (var other in subset)
                if (one != other)
                    sum += 2 * meetings[(one - other + count) % count]++ + 1;
        return sum;
    }
}
