using Attune.Data;
using Attune.Torch;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>
/// The pairs of several examples over the distinct texts that are in them, so that each text is read once, however many pairs and
/// examples it is in.
/// </summary>
/// <param name="Texts">N texts in tokens, each a prompt with a response.</param>
/// <param name="PromptLengths">(N) tokens of each text that are its prompt.</param>
/// <param name="Chosen">(P) indices of texts.</param>
/// <param name="Rejected">(P)</param>
/// <param name="Examples">(P) the index of the example that each pair is from.</param>
/// <param name="Weights">(P); those of an example add up to 1.</param>
/// <param name="Margins">(P) by how much the chosen one is better; 0 where the data does not say.</param>
/// <param name="Shares">(P) the share of annotators who prefer the chosen one.</param>
public sealed record PairBatch(
    int[][] Texts, int[] PromptLengths, long[] Chosen, long[] Rejected, int[] Examples, float[] Weights, float[] Margins, float[] Shares)
{
    public static PairBatch From(IReadOnlyList<TokenComparisons> examples)
    {
        var indices = new Dictionary<int[], long>(new TokenSequenceComparer());
        var promptLengths = new List<int>();
        foreach (var example in examples)
            foreach (var text in example.Texts.Where((_, at) => example.Comparisons.Any(pair => pair.Chosen == at || pair.Rejected == at)))
                if (indices.TryAdd(text, indices.Count))
                    promptLengths.Add(example.PromptLength);
        var pairs = examples.SelectMany((example, at) => example.Comparisons.Select(pair => (Example: example, At: at, Pair: pair)))
            .ToList();
        return new(
            [.. indices.Keys],
            [.. promptLengths],
            [.. pairs.Select(row => indices[row.Example.Texts[row.Pair.Chosen]])],
            [.. pairs.Select(row => indices[row.Example.Texts[row.Pair.Rejected]])],
            [.. pairs.Select(row => row.At)],
            [.. pairs.Select(row => 1f / row.Example.Comparisons.Count)],
            [.. pairs.Select(row => (float)(row.Pair.Margin ?? 0))],
            [.. pairs.Select(row => (float)row.Pair.Share)]);
    }

    /// <summary>
    /// The probability that the rejected text is in truth preferred: label smoothing ε and a share s of annotators for the chosen one give
    /// (1 − ε) (1 − s) + ε s. Mitchell 2023, "A note on DPO with noisy preferences", eq. 3; with s = 1 that is ε.
    /// </summary>
    public float[] FlipProbabilities(double labelSmoothing) =>
        Array.ConvertAll(Shares, share => (float)((1 - labelSmoothing) * (1 - share) + labelSmoothing * share));

    /// <summary>The texts as N responses to their prompts.</summary>
    public Responses ToResponses(Device device) => Responses.From(
        [.. Texts.Zip(PromptLengths, (text, length) => new TokenPrompt(text[..length], ""))],
        [.. Texts.Zip(PromptLengths, (text, length) => text[length..])],
        device);
}
