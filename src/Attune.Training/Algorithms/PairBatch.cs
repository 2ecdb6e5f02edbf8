using Attune.Data;
using Attune.Torch;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>
/// The pairs of several rankings over the distinct texts that are in them, so that each text is read once, however many pairs and
/// rankings it is in.
/// </summary>
/// <param name="Texts">N texts in tokens, each a prompt with a response.</param>
/// <param name="PromptLengths">(N) tokens of each text that are its prompt.</param>
/// <param name="Chosen">(P) places in the texts.</param>
/// <param name="Rejected">(P)</param>
/// <param name="Rankings">(P) the ranking of each pair.</param>
/// <param name="Weights">(P); those of a ranking add up to 1.</param>
/// <param name="Margins">(P); 0 where people did not say.</param>
/// <param name="Shares">(P) of people who prefer the better one.</param>
public sealed record PairBatch(
    int[][] Texts, int[] PromptLengths, long[] Chosen, long[] Rejected, int[] Rankings, float[] Weights, float[] Margins, float[] Shares)
{
    public static PairBatch From(IReadOnlyList<TokenComparisons> rankings)
    {
        var places = new Dictionary<int[], long>(new SameTokens());
        var promptLengths = new List<int>();
        var pairs = rankings.SelectMany((ranking, at) => ranking.Comparisons.Select(pair => (Ranking: ranking, At: at, Pair: pair))).ToList();
        foreach (var ranking in rankings)
            foreach (var text in ranking.Texts.Where((_, place) => ranking.Comparisons.Any(pair => pair.Chosen == place || pair.Rejected == place)))
                if (places.TryAdd(text, places.Count))
                    promptLengths.Add(ranking.PromptLength);
        return new(
            [.. places.Keys],
            [.. promptLengths],
            [.. pairs.Select(found => places[found.Ranking.Texts[found.Pair.Chosen]])],
            [.. pairs.Select(found => places[found.Ranking.Texts[found.Pair.Rejected]])],
            [.. pairs.Select(found => found.At)],
            [.. pairs.Select(found => 1f / found.Ranking.Comparisons.Count)],
            [.. pairs.Select(found => (float)(found.Pair.Margin ?? 0))],
            [.. pairs.Select(found => (float)found.Pair.Share)]);
    }

    /// <summary>
    /// The probability that a pair's worse text is in truth preferred: with label smoothing ε, a share s of people for the better one gives
    /// (1 − ε) (1 − s) + ε s. Mitchell 2023, "A note on DPO with noisy preferences", eq. 3; with s = 1 that is ε.
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
