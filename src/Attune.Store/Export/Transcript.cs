using System.Text.Json;

namespace Attune.Store.Export;

/// <summary>
/// Conversations in the format of Bai et al. 2022 (https://arxiv.org/abs/2204.05862): a blank line and the speaker's name before each turn,
/// including the first.
/// </summary>
static class Transcript
{
    const string Human = "\n\nHuman:", Assistant = "\n\nAssistant:";

    /// <summary>Prompt and response as one text. A prompt that is already a transcript is not changed.</summary>
    /// <exception cref="InvalidDataException">A role other than user and assistant, or content that is not a text.</exception>
    public static string Format(ExportedItem item, string prompt, string answer)
    {
        using var asked = JsonDocument.Parse(prompt);
        using var answered = JsonDocument.Parse(answer);
        if (asked.RootElement.ValueKind == JsonValueKind.Array)
            return string.Concat(asked.RootElement.EnumerateArray().Concat(answered.RootElement.EnumerateArray())
                .Select(message => Turn(item, message)));
        var text = asked.RootElement.GetString()!;
        var start = text.StartsWith(Human, StringComparison.Ordinal) ? text : $"{Human} {text}";
        return (start.EndsWith(Assistant, StringComparison.Ordinal) ? start : start + Assistant)
            + Spaced(answered.RootElement.GetString()!);
    }

    /// <summary>
    /// The turns of a transcript as messages; null for a text that is not a transcript, or that would be written differently.
    /// </summary>
    public static (string Role, string Content)[]? Parse(string text)
    {
        var turns = new List<(string, string)>();
        for (var rest = text; rest.Length > 0;)
        {
            var marker = rest.StartsWith(Human + " ", StringComparison.Ordinal) ? Human
                : rest.StartsWith(Assistant + " ", StringComparison.Ordinal) ? Assistant : null;
            if (marker is null)
                return null;
            rest = rest[(marker.Length + 1)..];
            var end = new[] { rest.IndexOf(Human, StringComparison.Ordinal), rest.IndexOf(Assistant, StringComparison.Ordinal) }
                .Where(at => at >= 0).DefaultIfEmpty(rest.Length).Min();
            turns.Add((marker == Human ? "user" : "assistant", rest[..end]));
            rest = rest[end..];
        }
        return [.. turns];
    }

    static string Turn(ExportedItem item, JsonElement message)
    {
        var role = message.GetProperty("role").GetString();
        var marker = role switch
        {
            "user" => Human,
            "assistant" => Assistant,
            _ => throw Unfit(item, $"found '{role}'"),
        };
        return message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String
            ? $"{marker} {content.GetString()}"
            : throw Unfit(item, "found content that is not a text");
    }

    static string Spaced(string text) => text.StartsWith(' ') ? text : " " + text;

    static InvalidDataException Unfit(ExportedItem item, string found) =>
        new($"item {item.Id}: transcripts need texts by user and assistant only ({found}); export pairs instead");
}
