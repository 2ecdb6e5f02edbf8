using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Studio.Layout;

namespace Attune.Studio.Annotate;

/// <summary>A piece of text with the one who says it.</summary>
/// <param name="Role">Of a message; null for a text that stands alone.</param>
/// <param name="Text">As written.</param>
/// <param name="Html">The same as harmless HTML, where the project shows Markdown.</param>
sealed record Passage(string? Role, string Text, string? Html)
{
    const string Assistant = "assistant";

    /// <summary>More than so many characters are shown as they are: nobody reads them formatted.</summary>
    const int LongestMarkdown = 50_000;

    /// <summary>The passages of a text, or of a list of messages.</summary>
    /// <param name="node">A JSON text, or a list of messages {"role", "content"}.</param>
    /// <param name="markdown">Whether what a model says is formatted.</param>
    /// <param name="role">Of a text that stands alone: only what a model says is formatted.</param>
    public static IReadOnlyList<Passage> FromNode(JsonNode node, bool markdown, string? role = null) => node is JsonArray messages
        ? [.. messages.Select(message => Make((message as JsonObject)?["role"] is { } name ? Written(name) : null, Content(message), markdown))]
        : [Make(role, Written(node), markdown) with { Role = null }];

    /// <summary>Answers are what a model says.</summary>
    public static IReadOnlyList<Passage> FromResponse(JsonNode node, bool markdown) => FromNode(node, markdown, Assistant);

    static Passage Make(string? role, string text, bool markdown) => new(role, text, markdown && role == Assistant ? Formatted(text) : null);

    static string Content(JsonNode? message) => message is JsonObject { Count: > 0 } fields && fields["content"] is { } content ? Written(content) : Written(message);

    static string Written(JsonNode? node) =>
        node is null ? "" : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();

    static string? Formatted(string text)
    {
        try
        {
            return text.Length <= LongestMarkdown ? SafeMarkdown.ToHtml(text) : null;
        }
        catch (ArgumentException)     // nested too deeply for a formatter
        {
            return null;
        }
    }
}
