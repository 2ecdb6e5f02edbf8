namespace Attune.Generation;

/// <summary>A response found by beam search.</summary>
/// <param name="Tokens">The response, with the end-of-sequence token if it ended.</param>
/// <param name="Score">The log-probability of the response, in nats, divided by its length to the power of the length penalty.</param>
public sealed record BeamResponse(int[] Tokens, float Score);
