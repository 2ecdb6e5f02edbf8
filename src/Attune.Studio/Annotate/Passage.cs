using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Studio.Layout;

namespace Attune.Studio.Annotate;

/// <summary>A text with its role.</summary>
/// <param name="Role">The role of a message; null for a text that is not a message.</param>
/// <param name="Text">The text, without white space around it.</param>
/// <param name="Html">The text as safe HTML, where the project shows Markdown.</param>
sealed record Passage(string? Role, string Text, string? Html)
{
    const string Assistant = "assistant";

    /// <summary>The passages of a text, or of a list of messages.</summary>
    /// <param name="node">A JSON text, or a list of messages {"role", "content"}.</param>
    /// <param name="markdown">Formats responses of models; null where the project does not show Markdown.</param>
    /// <param name="role">The role of a text that is not a message: only a model's text is formatted.</param>
    public static IReadOnlyList<Passage> FromNode(JsonNode node, SafeMarkdown? markdown, string? role = null) => node is JsonArray messages
        ? [.. messages.Select(message =>
            Make((message as JsonObject)?["role"] is { } name ? Written(name) : null, Content(message), markdown))]
        : [Make(role, Written(node), markdown) with { Role = null }];

    /// <summary>The passages of a response.</summary>
    public static IReadOnlyList<Passage> FromResponse(JsonNode node, SafeMarkdown? markdown) => FromNode(node, markdown, Assistant);

    static Passage Make(string? role, string text, SafeMarkdown? markdown) =>
        new(role, text.Trim(), role == Assistant ? markdown?.ToHtml(text.Trim()) : null);

    static string Content(JsonNode? message) =>
        message is JsonObject { Count: > 0 } fields && fields["content"] is { } content ? Written(content) : Written(message);

    static string Written(JsonNode? node) =>
        node is null ? "" : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();
}
