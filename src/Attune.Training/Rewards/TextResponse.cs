using System.Text.Json;
using Attune.Data;
using Attune.Generation;
using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>A response with its text, for rules.</summary>
/// <param name="Prompt">Its prompt, with the row of the data file that it comes from.</param>
/// <param name="Text">Its text, without special tokens and without a stop string.</param>
/// <param name="Response">The response in tokens.</param>
public sealed record TextResponse(TokenPrompt Prompt, string Text, Response Response)
{
    /// <summary>The number of tokens, without the end-of-sequence token.</summary>
    public int TokenCount => Response.Tokens.Length - (Response is { Ended: true, StopString: null } ? 1 : 0);

    /// <summary>The responses of rollouts, in order.</summary>
    public static TextResponse[] FromRollouts(Rollouts rollouts, Tokenizer tokenizer) =>
        [.. rollouts.Prompts.Zip(rollouts.Completions, (prompt, completion) =>
            new TextResponse(prompt, tokenizer.TextOf(completion), completion))];

    /// <summary>A field of the prompt's row, of any type.</summary>
    /// <exception cref="InvalidDataException">There is no such field, or the prompt is not from a file.</exception>
    public JsonElement Field(string name) => (Prompt.Row
        ?? throw new InvalidDataException(
            $"the reward needs the field '{name}', but the prompt {Prompt.Text.Quoted()} is not from a data file")).Required(name);

    /// <summary>The texts of a field that is a text, a number, or a list of these.</summary>
    /// <inheritdoc cref="Field"/>
    public IEnumerable<string> Texts(string name)
    {
        var field = Field(name);
        return field.ValueKind == JsonValueKind.Array ? field.EnumerateArray().Select(AsText) : [AsText(field)];
    }

    static string AsText(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
