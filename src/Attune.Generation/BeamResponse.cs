namespace Attune.Generation;

/// <summary>An answer that a beam search found.</summary>
/// <param name="Tokens">The answer; its last token is an end-of-text token when it ended.</param>
/// <param name="Score">Its log-probability, in nats, divided by its length to the power of the length penalty.</param>
public sealed record BeamResponse(int[] Tokens, float Score);
