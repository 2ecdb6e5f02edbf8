using Attune.Data;
using Attune.Torch;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>
/// The pairs of several examples, as indices of distinct texts, so that each text is in the forward pass once, however many pairs and
/// examples it is in.
/// </summary>
/// <param name="Texts">N texts in tokens, each a prompt with a response.</param>
/// <param name="PromptLengths">(N) how many tokens of each text are its prompt.</param>
/// <param name="Chosen">(P) indices of texts.</param>
/// <param name="Rejected">(P) indices of texts.</param>
/// <param name="Rankings">(P) the index of each pair's example.</param>
/// <param name="Weights">(P); those of an example add up to 1.</param>
/// <param name="Margins">(P); 0 where the data has no margin.</param>
/// <param name="Shares">(P) shares of annotators who prefer the chosen response.</param>
public sealed record PairBatch(
    int[][] Texts, int[] PromptLengths, long[] Chosen, long[] Rejected, int[] Rankings, float[] Weights, float[] Margins, float[] Shares)
{
    public static PairBatch From(IReadOnlyList<TokenComparisons> rankings)
    {
        var indices = new Dictionary<int[], long>(new SameTokens());
        var promptLengths = new List<int>();
        var pairs = rankings.SelectMany((ranking, at) => ranking.Comparisons.Select(pair => (Ranking: ranking, At: at, Pair: pair)))
            .ToList();
        foreach (var ranking in rankings)
            foreach (var text in ranking.Texts.Where(
                (_, place) => ranking.Comparisons.Any(pair => pair.Chosen == place || pair.Rejected == place)))
                if (indices.TryAdd(text, indices.Count))
                    promptLengths.Add(ranking.PromptLength);
        return new(
            [.. indices.Keys],
            [.. promptLengths],
            [.. pairs.Select(found => indices[found.Ranking.Texts[found.Pair.Chosen]])],
            [.. pairs.Select(found => indices[found.Ranking.Texts[found.Pair.Rejected]])],
            [.. pairs.Select(found => found.At)],
            [.. pairs.Select(found => 1f / found.Ranking.Comparisons.Count)],
            [.. pairs.Select(found => (float)(found.Pair.Margin ?? 0))],
            [.. pairs.Select(found => (float)found.Pair.Share)]);
    }

    /// <summary>
    /// The probability that a pair's rejected text is the preferred one: with label smoothing ε, a share s of annotators for the chosen one
    /// gives (1 − ε) (1 − s) + ε s. Mitchell 2023, "A note on DPO with noisy preferences", eq. 3; with s = 1 that is ε.
    /// </summary>
    public float[] FlipProbabilities(double labelSmoothing) =>
        Array.ConvertAll(Shares, share => (float)((1 - labelSmoothing) * (1 - share) + labelSmoothing * share));

    /// <summary>The texts as N responses to their prompts.</summary>
    public Responses ToResponses(Device device) => Responses.From(
        [.. Texts.Zip(PromptLengths, (text, length) => new TokenPrompt(text[..length], ""))],
        [.. Texts.Zip(PromptLengths, (text, length) => text[length..])],
        device);

    /// <summary>Compares texts by their tokens.</summary>
    public sealed class SameTokens : IEqualityComparer<int[]>
    {
        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] text)
        {
            var hash = new HashCode();
            hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
