namespace Attune.Data;

/// <summary>A row of tokens to train on.</summary>
/// <param name="Tokens">Token ids.</param>
/// <param name="LossMask">For each token, whether predicting it is part of the loss.</param>
/// <param name="Segments">For each token, the number of the document it belongs to; null when the row is one text.</param>
/// <param name="Source">For an encoder–decoder what the encoder reads; the tokens are the decoder's, its start token the first.</param>
public sealed record TokenRow(int[] Tokens, bool[] LossMask, int[]? Segments = null, int[]? Source = null)
{
    /// <summary>Tokens that a model reads.</summary>
    public int Length => Tokens.Length + (Source?.Length ?? 0);

    /// <summary>Tokens whose prediction is part of the loss; the first token of a document is never predicted.</summary>
    public int TargetCount => Enumerable.Range(0, Tokens.Length).Count(IsTarget);

    /// <summary>Whether a model that has read the tokens before <paramref name="at"/> learns to predict the one there.</summary>
    public bool IsTarget(int at) => at > 0 && LossMask[at] && (Segments is null || Segments[at] == Segments[at - 1]);
}

/// <summary>A prompt in tokens (for an encoder–decoder a whole text, with its end), and as it was written.</summary>
public sealed record TokenPrompt(int[] Tokens, string Text)
{
    /// <summary>The row that it comes from, with fields beside the prompt that a reward may read; null for what is not from a file.</summary>
    public Row? Row { get; init; }
}

/// <summary>Compared texts in tokens, each the prompt with one answer.</summary>
/// <param name="Texts">At least two.</param>
/// <param name="PromptLength">How many tokens of each text are the prompt.</param>
/// <param name="Comparisons">Which text is preferred to which, by their places: at least one pair, none of a text with itself.</param>
public sealed record TokenComparisons(int[][] Texts, int PromptLength, IReadOnlyList<Comparison> Comparisons)
{
    /// <summary>How much each head of an ensemble learns from it; null for the same.</summary>
    public IReadOnlyList<float>? HeadWeights { get; init; }
}
