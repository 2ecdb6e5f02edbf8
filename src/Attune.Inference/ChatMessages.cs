using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Text;
using Attune.Training.Environments;
using Microsoft.Extensions.AI;

namespace Attune;

/// <summary>Turns messages of Microsoft.Extensions.AI into those that a chat template reads.</summary>
static class ChatMessages
{
    /// <exception cref="NotSupportedException">A message has content that is neither text nor a call or result of a tool.</exception>
    public static Conversation ToConversation(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var all = messages.SelectMany(ToMessages).ToList();
        if (options?.Instructions is { Length: > 0 } instructions)
            all.Insert(0, new("system", instructions));
        var tools = options?.ToolMode is NoneChatToolMode ? [] : options?.Tools?.OfType<AIFunctionDeclaration>().ToList() ?? [];
        return new(all) { Tools = tools.Count > 0 ? ToolEnvironment.Schemas(tools) : null };
    }

    /// <summary>The tool of a name; all tools where it is null.</summary>
    /// <exception cref="InvalidDataException">There is no such tool.</exception>
    public static JsonElement ToolsNamed(JsonElement tools, string? name)
    {
        if (name is null)
            return tools;
        JsonElement[] named = [.. tools.EnumerateArray().Where(tool => NameOf(tool) == name)];
        return named.Length > 0 ? JsonSerializer.SerializeToElement(named)
            : throw new InvalidDataException($"the tool '{name}' must be called, but it is none of the tools");

        static string? NameOf(JsonElement tool) => tool.GetProperty("function").GetProperty("name").GetString();
    }

    static IEnumerable<Message> ToMessages(ChatMessage message)
    {
        foreach (var result in message.Contents.OfType<FunctionResultContent>())
            yield return Result(result);
        var text = string.Concat(message.Contents.Select(TextOf));
        var calls = message.Contents.OfType<FunctionCallContent>().Select(Call).ToArray();
        if (text.Length == 0 && calls.Length == 0 && message.Contents.OfType<FunctionResultContent>().Any())
            yield break;
        var fields = new JsonObject { ["role"] = message.Role.Value, ["content"] = text };
        if (calls.Length > 0)
            fields["tool_calls"] = new JsonArray(calls);
        yield return ToMessage(fields);
    }

    static string TextOf(AIContent content) => content switch
    {
        TextContent text => text.Text,
        FunctionCallContent or FunctionResultContent or TextReasoningContent or UsageContent => "",
        _ => throw new NotSupportedException($"the model reads text only; a message has {content.GetType().Name}"),
    };

    static JsonNode Call(FunctionCallContent call) => new JsonObject
    {
        ["type"] = "function",
        ["id"] = call.CallId,
        ["function"] = new JsonObject
        {
            ["name"] = call.Name,
            ["arguments"] = JsonSerializer.SerializeToNode(
                call.Arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal), AIJsonUtilities.DefaultOptions),
        },
    };

    static Message Result(FunctionResultContent result) => ToMessage(new()
    {
        ["role"] = "tool",
        ["tool_call_id"] = result.CallId,
        ["content"] = result.Result switch
        {
            null => result.Exception is { } error ? $"error: {error.Message}" : "",
            string text => text,
            JsonElement { ValueKind: JsonValueKind.String } text => text.GetString(),
            var other => JsonSerializer.Serialize(other, AIJsonUtilities.DefaultOptions),
        },
    });

    static Message ToMessage(JsonObject fields) => new(JsonSerializer.SerializeToElement(fields));
}
