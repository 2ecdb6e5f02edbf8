namespace Attune.Generation;

/// <summary>A sampled response in tokens.</summary>
/// <param name="Tokens">The response, with the end-of-sequence token if it ended.</param>
/// <param name="Logprobs">The log-probability of each token under the distribution from which it was sampled, in nats.</param>
/// <param name="Values">The value before each token, from the value head; empty when the model has none.</param>
/// <param name="Ended">Whether the response ended by itself; otherwise it has the maximum length.</param>
public record Response(int[] Tokens, float[] Logprobs, float[] Values, bool Ended)
{
    /// <summary>
    /// The stop string that ended the response instead of an end-of-sequence token. The tokens include it; the response's text does
    /// not.
    /// </summary>
    public string? StopString { get; init; }

    /// <summary>The text of an episode: that of its last turn. Null where the text is that of all tokens.</summary>
    public virtual string? LastTurn => null;

    /// <summary>
    /// For each token, whether it was sampled; null where all were. The others are replies between the turns of an episode. The last
    /// token was always sampled.
    /// </summary>
    public bool[]? Sampled { get; init; }

    /// <summary>The <see cref="ITextGenerator.WeightVersion"/> that sampled it; of an episode, the lowest of its turns.</summary>
    public int WeightVersion { get; init; }

    /// <summary>The tokens that were sampled.</summary>
    public int[] SampledTokens => Sampled is null ? Tokens : [.. Tokens.Where((_, at) => Sampled[at])];

    /// <summary>How many tokens were sampled.</summary>
    public int SampledCount => Sampled?.Count(sampled => sampled) ?? Tokens.Length;

    /// <summary>Whether a token was sampled.</summary>
    public bool IsSampled(int at) => Sampled is null || Sampled[at];
}
