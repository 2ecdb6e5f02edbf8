namespace Attune.Training.Algorithms;

/// <summary>
/// All pairs of answers to a prompt of which one is ranked better, as indices into the answers of all prompts one behind the other.
/// The weights of a prompt's pairs add up to 1.
/// </summary>
/// <param name="Better">(P)</param>
/// <param name="Worse">(P)</param>
/// <param name="Weights">(P)</param>
public sealed record RankedPairs(long[] Better, long[] Worse, float[] Weights)
{
    /// <param name="rankings">The ranks of each prompt's answers, 0 the best.</param>
    public static RankedPairs Of(IEnumerable<IReadOnlyList<int>> rankings)
    {
        var (better, worse, weights) = (new List<long>(), new List<long>(), new List<float>());
        long first = 0;
        foreach (var ranks in rankings)
        {
            var before = better.Count;
            for (var i = 0; i < ranks.Count; i++)
                for (var j = 0; j < ranks.Count; j++)
                    if (ranks[i] < ranks[j])
                    {
                        better.Add(first + i);
                        worse.Add(first + j);
                    }
            var pairs = better.Count - before;
            weights.AddRange(Enumerable.Repeat(1f / pairs, pairs));
            first += ranks.Count;
        }
        return new([.. better], [.. worse], [.. weights]);
    }
}
