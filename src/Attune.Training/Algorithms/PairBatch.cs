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
    /// <summary>The gold responses of the examples that have one: indices of texts.</summary>
    public long[] References { get; init; } = [];

    public static PairBatch From(IReadOnlyList<TokenComparisons> examples)
    {
        var indices = new Dictionary<int[], long>(new TokenSequenceComparer());
        var (texts, promptLengths) = (new List<int[]>(), new List<int>());
        foreach (var example in examples)
            foreach (var text in TextsOf(example))
                if (indices.TryAdd(Key(example, text), indices.Count))
                {
                    texts.Add(text);
                    promptLengths.Add(example.PromptLength);
                }
        var pairs = examples.SelectMany((example, at) => example.Comparisons.Select(pair => (Example: example, At: at, Pair: pair)))
            .ToList();
        return new(
            [.. texts],
            [.. promptLengths],
            [.. pairs.Select(row => indices[Key(row.Example, row.Example.Texts[row.Pair.Chosen])])],
            [.. pairs.Select(row => indices[Key(row.Example, row.Example.Texts[row.Pair.Rejected])])],
            [.. pairs.Select(row => row.At)],
            [.. pairs.Select(row => 1f / row.Example.Comparisons.Count)],
            [.. pairs.Select(row => (float)(row.Pair.Margin ?? 0))],
            [.. pairs.Select(row => (float)row.Pair.Share)])
        {
            References = [.. examples.Where(example => example.Reference is not null)
                .Select(example => indices[Key(example, example.Reference!)])],
        };

        // The same text after a shorter prompt is another response.
        static int[] Key(TokenComparisons example, int[] text) => [example.PromptLength, .. text];

        static IEnumerable<int[]> TextsOf(TokenComparisons example) => example.Texts
            .Where((_, at) => example.Comparisons.Any(pair => pair.Chosen == at || pair.Rejected == at))
            .Concat(example.Reference is { } gold ? [gold] : []);
    }

    /// <summary>The pairs with all but the first token of the prompts counted as response, so that it has log-probabilities.</summary>
    public PairBatch WithPromptsOfOneToken() =>
        this with { PromptLengths = Array.ConvertAll(PromptLengths, length => Math.Min(length, 1)) };

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
