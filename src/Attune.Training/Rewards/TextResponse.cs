using System.Globalization;
using System.Text.Json;
using Attune.Data;
using Attune.Generation;
using Attune.Reporting.TextMetrics;
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
    public int TokenCount => Response.SampledCount - (Response is { Ended: true, StopString: null } ? 1 : 0);

    /// <summary>The tokens (as numbers, without the end-of-sequence token), words or characters of the response.</summary>
    public string[] Units(LengthUnit unit) => unit switch
    {
        LengthUnit.Words => Words.Split(Text),
        LengthUnit.Characters => [.. Text.Select(symbol => symbol.ToString())],
        _ => [.. Response.SampledTokens.Take(TokenCount).Select(token => token.ToString(CultureInfo.InvariantCulture))],
    };

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

    /// <summary>The texts of a field, which holds at least one.</summary>
    /// <exception cref="InvalidDataException">The field is missing or an empty list, or the prompt is not from a file.</exception>
    public IReadOnlyList<string> References(string name) => Texts(name).ToArray() is { Length: > 0 } texts
        ? texts
        : throw new InvalidDataException($"{Prompt.Row!.Origin}: '{name}' must hold at least one text (was an empty list)");

    /// <summary>The entries of a table in a field: an object, or a list of [attribute, value] or [subject, relation, object].</summary>
    /// <exception cref="InvalidDataException">The field is missing, has no entry or another form, or the prompt is not from a
    /// file.</exception>
    public IReadOnlyList<TableEntry> Table(string name)
    {
        var field = Field(name);
        TableEntry?[] entries = field.ValueKind switch
        {
            JsonValueKind.Object => [.. field.EnumerateObject().Select(entry => new TableEntry(entry.Name, Joined(entry.Value)))],
            JsonValueKind.Array => [.. field.EnumerateArray().Select(Entry)],
            _ => [null],
        };
        TableEntry[] filled = [.. entries.OfType<TableEntry>().Where(entry => !string.IsNullOrWhiteSpace(entry.Value))];
        return filled.Length > 0 && !entries.Contains(null)
            ? filled
            : throw new InvalidDataException(
                $"{Prompt.Row!.Origin}: '{name}' must hold a table with at least one value: an object, or a list of [attribute, value] or "
                + $"[subject, relation, object] (was {field.GetRawText().Quoted()})");

        static TableEntry? Entry(JsonElement entry) => entry.ValueKind != JsonValueKind.Array ? null
            : entry.EnumerateArray().Select(Joined).ToArray() switch
            {
                [var attribute, var value] => new(attribute, value),
                [var subject, var relation, var other] => new(relation, $"{subject} {other}"),
                _ => null,
            };

        static string Joined(JsonElement value) =>
            value.ValueKind == JsonValueKind.Array ? string.Join(' ', value.EnumerateArray().Select(AsText)) : AsText(value);
    }

    static string AsText(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
