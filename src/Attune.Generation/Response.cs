namespace Attune.Generation;

/// <summary>What a model answered to a prompt, in tokens.</summary>
/// <param name="Tokens">The answer; its last token is the end-of-text token when it ended.</param>
/// <param name="Logprobs">The log-probability of each token under the distribution it was drawn from, in nats.</param>
/// <param name="Values">The value head's estimate before each token; empty when the model has none.</param>
/// <param name="Ended">Whether the model ended the answer itself; otherwise it reached the greatest length.</param>
public sealed record Response(int[] Tokens, float[] Logprobs, float[] Values, bool Ended)
{
    /// <summary>The stop string that ended the answer, in place of an end-of-text token; the tokens have it, the answer's text does not.</summary>
    public string? StopString { get; init; }
}
