namespace Attune.Data;

/// <summary>A row of tokens to train on.</summary>
/// <param name="Tokens">Token ids.</param>
/// <param name="LossMask">For each token, whether its prediction is part of the loss.</param>
/// <param name="Segments">For each token, the number of its document; null when the row is one text.</param>
/// <param name="Source">For an encoder–decoder, the encoder's tokens; <c>Tokens</c> are then the decoder's, beginning with the start
/// token.</param>
public sealed record TokenRow(int[] Tokens, bool[] LossMask, int[]? Segments = null, int[]? Source = null)
{
    /// <summary>The seed of the noise that is added to the row's embeddings; null for none.</summary>
    public int? NoiseSeed { get; private init; }

    /// <summary>How many tokens a model reads.</summary>
    public int Length => Tokens.Length + (Source?.Length ?? 0);

    /// <summary>The row with noise that depends on a seed and on the row's number in the run only.</summary>
    public TokenRow WithNoise(int seed, long number) => this with { NoiseSeed = SplitMix.Next(seed, number) };

    /// <summary>How many tokens are in the loss; the first token of a document is never predicted.</summary>
    public int TargetCount => Enumerable.Range(0, Tokens.Length).Count(IsTarget);

    /// <summary>Whether the loss covers the prediction of the token at <paramref name="at"/> from the tokens before it.</summary>
    public bool IsTarget(int at) => at > 0 && LossMask[at] && (Segments is null || Segments[at] == Segments[at - 1]);
}

/// <summary>A prompt as tokens (for an encoder–decoder a complete text, with its end token) and as text.</summary>
public sealed record TokenPrompt(int[] Tokens, string Text)
{
    /// <summary>The row of the data file, whose other fields a reward may read; null for a prompt that is not from a file.</summary>
    public Row? Row { get; init; }

    /// <summary>Whether the text is messages that a chat template wrote.</summary>
    public bool IsConversation { get; init; }
}

/// <summary>Labelled responses to a prompt as tokens.</summary>
/// <param name="Texts">The texts, at least one, each the prompt with one response.</param>
/// <param name="PromptLength">How many tokens of each text are the prompt.</param>
/// <param name="Labels">For each text, whether its response is desirable.</param>
public sealed record TokenLabels(int[][] Texts, int PromptLength, IReadOnlyList<bool> Labels);

/// <summary>A response with its prompt, and the reward of each response token.</summary>
/// <param name="Row">The tokens; those of the response are in the loss.</param>
/// <param name="Rewards">A reward for each target token of the row, in their order.</param>
public sealed record RewardedRow(TokenRow Row, double[] Rewards)
{
    /// <summary>The sum of the rewards.</summary>
    public double Return => Rewards.Sum();
}

/// <summary>Responses with rewards as tokens: one, or the responses of a comparison.</summary>
public sealed record TokenRewards(IReadOnlyList<RewardedRow> Responses);

/// <summary>A response in steps after its prompt, as tokens.</summary>
/// <param name="Tokens">The prompt and the steps, each with its separator.</param>
/// <param name="PromptLength">How many tokens are the prompt.</param>
/// <param name="Ends">The index of the last token of each step, which is in its separator.</param>
/// <param name="Labels">Whether each step is right; empty for steps without labels.</param>
public sealed record TokenSteps(int[] Tokens, int PromptLength, int[] Ends, bool[] Labels);

/// <summary>A prompt and its response as tokens.</summary>
public sealed record TokenDemonstration(TokenPrompt Prompt, int[] Response)
{
    /// <summary>The prompt that a teacher reads instead; null for the same.</summary>
    public TokenPrompt? TeacherPrompt { get; init; }
}

/// <summary>Compared texts as tokens, each the prompt with one response.</summary>
/// <param name="Texts">The texts, at least two.</param>
/// <param name="PromptLength">How many tokens of each text are the prompt.</param>
/// <param name="Comparisons">Which text is better than which, by index: at least one pair of different texts.</param>
public sealed record TokenComparisons(int[][] Texts, int PromptLength, IReadOnlyList<Comparison> Comparisons)
{
    /// <summary>The prompt with a gold response; null without one.</summary>
    public int[]? Reference { get; init; }

    /// <summary>The weight of this example for each head of an ensemble; null for equal weights.</summary>
    public IReadOnlyList<float>? HeadWeights { get; init; }
}
