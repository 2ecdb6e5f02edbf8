using System.Text.Json;
using Attune.Generation;
using Attune.Generation.Scheduling;
using Attune.Text;

namespace Attune;

/// <summary>What a <see cref="ChatEngine"/> responds to, and how.</summary>
/// <param name="Prompt">The prompt in tokens; see <see cref="ChatEngine.Encode(Conversation)"/>.</param>
public sealed record ChatRequest(int[] Prompt)
{
    /// <summary>How tokens are chosen. A response may fill the context unless <c>MaxNewTokens</c> is set.</summary>
    public SamplingOptions Sampling { get; init; } = new() { MaxNewTokens = int.MaxValue };

    /// <summary>The number of responses.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>The same seed gives the same responses; null draws one.</summary>
    public long? Seed { get; init; }

    /// <summary>Reports the log-probability of each token, and of this many of the most likely tokens; null reports none.</summary>
    public int? TopLogprobs { get; init; }

    /// <inheritdoc cref="TokenRequest.TemperedLogprobs"/>
    public bool TemperedLogprobs { get; init; }

    /// <summary>Tokens that end a response, in addition to the model's end-of-sequence tokens.</summary>
    public IReadOnlyList<int> StopTokenIds { get; init; } = [];

    /// <summary>Whether a response continues after the model's end-of-sequence tokens.</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>Whether special tokens are part of the text.</summary>
    public bool KeepsSpecialTokens { get; init; }

    /// <summary>Whether the response must be a JSON object: other tokens are forbidden.</summary>
    public bool IsJson { get; init; }

    /// <summary>
    /// The JSON schema that the response must follow; null for none. Objects have the members of the schema in its order.
    /// </summary>
    public JsonElement? JsonSchema { get; init; }

    /// <summary>
    /// The functions, as OpenAI's API describes them, of which the response must call one; null where it need not.
    /// </summary>
    public JsonElement? RequiredTools { get; init; }

    /// <summary>Whether calls of tools are read from the response, in the form of the model's chat template.</summary>
    public bool ReadsToolCalls { get; init; }
}
