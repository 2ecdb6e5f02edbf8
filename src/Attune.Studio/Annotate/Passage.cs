using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Attune.Studio.Layout;
using Attune.Text;

namespace Attune.Studio.Annotate;

/// <summary>A text with its role.</summary>
/// <param name="Role">The role of a message; null for a text that is not a message.</param>
/// <param name="Text">The text, without white space around it.</param>
/// <param name="Html">The text as safe HTML, where the project shows Markdown.</param>
/// <param name="Fold">The title under which the page folds the text: reasoning, a tool call, a tool's result; null for others.</param>
public sealed partial record Passage(string? Role, string Text, string? Html, string? Fold = null)
{
    const string Assistant = "assistant";

    static readonly string[] ReasoningFields = ["reasoning_content", "reasoning", "thinking"];

    static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The passages of a text, or of a list of messages.</summary>
    /// <param name="node">A JSON text, or a list of messages {"role", "content"}.</param>
    /// <param name="markdown">Formats responses of models; null where the project does not show Markdown.</param>
    /// <param name="role">The role of a text that is not a message: only a model's text is formatted.</param>
    public static IReadOnlyList<Passage> FromNode(JsonNode node, SafeMarkdown? markdown, string? role = null) => node is JsonArray messages
        ? [.. messages.SelectMany(message => OfMessage(message, markdown))]
        : [.. OfText(role, Written(node), markdown).Select(passage => passage with { Role = null })];

    /// <summary>The passages of a response.</summary>
    public static IReadOnlyList<Passage> FromResponse(JsonNode node, SafeMarkdown? markdown) => FromNode(node, markdown, Assistant);

    /// <summary>The reasoning, the text and the tool calls of a message, in this order.</summary>
    static IEnumerable<Passage> OfMessage(JsonNode? message, SafeMarkdown? markdown)
    {
        var fields = message as JsonObject;
        var role = fields?["role"] is { } name ? Written(name) : null;
        var text = Content(message);
        if (role == "tool")
            return [new(role, text.Trim(), null, $"Result of {(fields?["name"] is { } tool ? Written(tool) : "a tool")}")];
        var reasoning = ReasoningFields.Select(field => fields?[field]).OfType<JsonNode>().Select(Written)
            .Where(thought => thought.Length > 0).Select(thought => Reasoning(role, thought));
        var calls = (fields?["tool_calls"] as JsonArray ?? []).Select(call => Call(role, call)).ToList();
        var said = text.Trim().Length == 0 && calls.Count > 0 ? [] : OfText(role, text, markdown);
        return reasoning.Concat(said).Concat(calls);
    }

    /// <summary>The parts of a text; a model marks its reasoning and its tool calls by tags.</summary>
    static IEnumerable<Passage> OfText(string? role, string text, SafeMarkdown? markdown)
    {
        var parts = role == Assistant ? Marked().Matches(text).Reverse().ToList() : [];
        var passages = new List<Passage>();
        foreach (var part in parts)
        {
            AddPlain(text[(part.Index + part.Length)..]);
            passages.Insert(0, part.Groups["tag"].Value == "tool_call"
                ? Call(role, Parsed(part.Groups["inner"].Value)) : Reasoning(role, part.Groups["inner"].Value));
            text = text[..part.Index];
        }
        AddPlain(text);
        return passages.Count > 0 ? passages : [new(role, "", null)];

        void AddPlain(string plain)
        {
            if (plain.Trim() is { Length: > 0 } trimmed)
                passages.Insert(0, new(role, trimmed, role == Assistant ? markdown?.ToHtml(trimmed) : null));
        }
    }

    /// <summary>A part that a model marks; reasoning that a limit of tokens cut has no end.</summary>
    [GeneratedRegex("<(?<tag>think|thinking|tool_call)>(?<inner>.*?)(</\\k<tag>>|\\z)",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 2000)]
    private static partial Regex Marked();

    static Passage Reasoning(string? role, string thought) => new(role, thought.Trim(), null,
        $"Reasoning, {Quantity.Of(thought.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries).Length, "word")}");

    /// <summary>A tool call, as OpenAI's API writes it or as its function alone.</summary>
    static Passage Call(string? role, JsonNode? call)
    {
        var function = ((call as JsonObject)?["function"] ?? call) as JsonObject;
        var arguments = function?["arguments"] is { } given ? given : call;
        return new(role, Indented(arguments), null, $"Call of {(function?["name"] is { } name ? Written(name) : "a tool")}");
    }

    static string Indented(JsonNode? node) =>
        node is JsonValue && Written(node) is var text ? Parsed(text) is JsonObject parsed ? parsed.ToJsonString(Readable) : text
        : node?.ToJsonString(Readable) ?? "";

    /// <summary>JSON as a node, any other text as a JSON text.</summary>
    static JsonNode? Parsed(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text.Trim());
        }
    }

    static string Content(JsonNode? message) =>
        message is not JsonObject { Count: > 0 } fields ? Written(message)
        : fields["content"] is { } content ? Written(content)
        : fields.ContainsKey("tool_calls") ? "" : Written(message);

    static string Written(JsonNode? node) =>
        node is null ? "" : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();
}
