using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Text;

/// <summary>
/// Converts messages of data files and APIs to the form that chat templates expect: content that is one text, arguments of tool calls that
/// are objects, and the roles user, assistant, system and tool.
/// </summary>
public static class MessageFormat
{
    static readonly Dictionary<string, string> Roles = new(StringComparer.OrdinalIgnoreCase)
    {
        ["human"] = "user",
        ["gpt"] = "assistant",
        ["bot"] = "assistant",
    };

    /// <summary>
    /// The message of a JSON object. Parts of content (<c>[{"type": "text", "text": …}]</c>) become one text, null content of a message
    /// with tool calls becomes an empty text, arguments of tool calls that are JSON text become objects, and the roles human, gpt and bot
    /// become user and assistant. Other fields are kept.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// There is no role, the content is neither a text nor parts of text, a name occurs twice, or arguments have a lone surrogate.
    /// </exception>
    public static Message Read(JsonElement fields)
    {
        var role = new Message(fields).Role;
        var message = ToObject(fields);
        message["role"] = Roles.GetValueOrDefault(role, role);
        message["content"] = Content(message, role);
        foreach (var call in message["tool_calls"] as JsonArray ?? [])
            if (call is JsonObject named && (named["function"] as JsonObject ?? named) is var function
                && ParseObject(function["arguments"]) is { } arguments)
                function["arguments"] = arguments;
        try
        {
            return new(JsonSerializer.SerializeToElement(message));
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                "the arguments of a tool call contain a lone surrogate (such as \\ud83d), which is not a valid character; remove it",
                error);
        }
    }

    static JsonObject ToObject(JsonElement fields)
    {
        try
        {
            return JsonNode.Parse(fields.GetRawText(), documentOptions: new() { AllowDuplicateProperties = false })!.AsObject();
        }
        catch (JsonException error)
        {
            throw new InvalidDataException("a message has a field twice", error);
        }
    }

    static JsonValue Content(JsonObject message, string role) => message["content"] switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.String => JsonValue.Create(value.GetValue<string>()),
        JsonArray parts => JsonValue.Create(string.Concat(parts.Select(part => TextOf(part, role)))),
        null when message["tool_calls"] is JsonArray => JsonValue.Create(""),
        null => throw new InvalidDataException($"the content of the message with the role '{role}' is missing or null"),
        _ => throw new InvalidDataException($"the content of the message with the role '{role}' must be a text or a list of parts"),
    };

    static string TextOf(JsonNode? part, string role)
    {
        var type = part is JsonObject fields ? TextIn(fields["type"]) : null;
        if (type == "text" && TextIn(part!["text"]) is { } text)
            return text;
        var kind = type is null ? "a part without a type" : $"a part of the type '{type}'";
        throw new InvalidDataException($"the content of the message with the role '{role}' has {kind}; models here read only text: "
            + "replace the part by {\"type\": \"text\", \"text\": …}, or remove the conversation");
    }

    static string? TextIn(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    /// <summary>The object that a text holds as JSON; null for anything else.</summary>
    static JsonObject? ParseObject(JsonNode? node)
    {
        try
        {
            return TextIn(node) is { } text ? JsonNode.Parse(text) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
