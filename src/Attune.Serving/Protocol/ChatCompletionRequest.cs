using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Text;

namespace Attune.Serving.Protocol;

/// <summary>A request to <c>/v1/chat/completions</c>.</summary>
sealed record ChatCompletionRequest : GenerationFields
{
    public IReadOnlyList<JsonElement>? Messages { get; init; }
    public int? MaxCompletionTokens { get; init; }
    public bool? Logprobs { get; init; }
    public int? TopLogprobs { get; init; }
    public JsonElement? Tools { get; init; }
    public JsonElement? ToolChoice { get; init; }
    public ResponseFormat? ResponseFormat { get; init; }

    /// <summary>Additional variables of the chat template.</summary>
    public JsonElement? ChatTemplateKwargs { get; init; }

    public override int? Limit => MaxCompletionTokens ?? MaxTokens;

    /// <summary>The number of most likely tokens to report; null for no log-probabilities.</summary>
    /// <exception cref="ApiException">It is not allowed.</exception>
    public int? ReportedLogprobs()
    {
        Check("top_logprobs", TopLogprobs, 0, 20);
        return Logprobs == true ? TopLogprobs ?? 0 : TopLogprobs is null or 0 ? null
            : throw ApiException.Invalid("top_logprobs needs logprobs to be true", "top_logprobs");
    }

    public override ChatRequest ToRequest(int[] prompt, ChatEngine engine, RequestLimits limits) =>
        base.ToRequest(prompt, engine, limits) with
        {
            TopLogprobs = ReportedLogprobs(),
            IsJson = ResponseFormat?.Type is "json_object",
            JsonSchema = Schema(),
            ReadsToolCalls = Choice() is not null,
            RequiredTools = Choice() is (var tools, true) ? tools : null,
        };

    /// <summary>The schema that the response must follow.</summary>
    /// <exception cref="ApiException">It must have a form that is not supported.</exception>
    JsonElement? Schema() => ResponseFormat switch
    {
        null or { Type: null or "text" or "json_object" } => null,
        { Type: "json_schema", JsonSchema.Schema: { } schema } => schema,
        { Type: "json_schema" } => throw ApiException.Invalid("response_format.json_schema must have a schema", "response_format"),
        { Type: var other } => throw ApiException.Invalid(
            $"response_format.type must be text, json_object or json_schema (was {other})", "response_format"),
    };

    /// <summary>The messages and tools as the chat template reads them.</summary>
    /// <exception cref="ApiException">There are none, too many, or some that the model cannot read.</exception>
    public Conversation ToConversation(RequestLimits limits)
    {
        if (Messages is not { Count: > 0 } messages)
            throw ApiException.Invalid("messages must have at least one message", "messages");
        if (messages.Count > limits.MaxMessages)
            throw ApiException.Invalid($"messages must have at most {limits.MaxMessages} messages (has {messages.Count})", "messages");
        return new([.. messages.Select(ToMessage)])
        {
            Tools = Choice() is null ? null : Tools,
            Variables = ChatTemplateKwargs is { ValueKind: JsonValueKind.Object } variables ? variables : null,
        };
    }

    /// <summary>The tools that the response may call, or must call one of; null for none.</summary>
    (JsonElement Tools, bool IsRequired)? Choice()
    {
        if (Tools is not { ValueKind: not JsonValueKind.Null } tools)
            return null;
        if (tools.ValueKind != JsonValueKind.Array || tools.EnumerateArray().Any(tool => !IsFunction(tool)))
            throw ApiException.Invalid("tools must be a list of functions: {\"type\": \"function\", \"function\": {\"name\": …}}", "tools");
        if (tools.GetArrayLength() == 0)
            return null;
        return ToolChoice switch
        {
            null or { ValueKind: JsonValueKind.Null } => (tools, false),
            { ValueKind: JsonValueKind.String } choice => choice.GetString() switch
            {
                "auto" => (tools, false),
                "none" => null,
                "required" => (tools, true),
                _ => throw WrongChoice(),
            },
            { } choice when IsFunction(choice) => (Named(tools, choice.GetProperty("function").GetProperty("name").GetString()!), true),
            _ => throw WrongChoice(),
        };

        static ApiException WrongChoice() => ApiException.Invalid(
            "tool_choice must be auto, none, required, or {\"type\": \"function\", \"function\": {\"name\": …}}", "tool_choice");
    }

    static JsonElement Named(JsonElement tools, string name)
    {
        JsonNode?[] named =
            [.. tools.EnumerateArray().Where(tool => tool.GetProperty("function").GetProperty("name").GetString() == name)
                .Select(tool => JsonNode.Parse(tool.GetRawText()))];
        return named.Length > 0 ? JsonElement.Parse(new JsonArray(named).ToJsonString())
            : throw ApiException.Invalid($"tool_choice names '{name}', which is none of the tools", "tool_choice");
    }

    static bool IsFunction(JsonElement tool) => tool.ValueKind == JsonValueKind.Object
        && tool.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object
        && function.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String;

    static Message ToMessage(JsonElement message, int index)
    {
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out var role)
            || role.ValueKind != JsonValueKind.String)
            throw ApiException.Invalid($"messages[{index}] must be an object with a role", $"messages[{index}].role");
        var fields = JsonNode.Parse(message.GetRawText())!.AsObject();
        fields["content"] = Content(message, index);
        foreach (var call in fields["tool_calls"] as JsonArray ?? [])
            if (call?["function"] is JsonObject function)
                function["arguments"] = Arguments(function["arguments"]);
        return new(JsonSerializer.SerializeToElement(fields, ProtocolJson.Wire.JsonObject));
    }

    /// <summary>The text of a message: parts of text are joined.</summary>
    static string Content(JsonElement message, int index)
    {
        if (!message.TryGetProperty("content", out var content) || content.ValueKind == JsonValueKind.Null)
            return "";
        if (content.ValueKind == JsonValueKind.String)
            return content.GetString()!;
        if (content.ValueKind != JsonValueKind.Array)
            throw ApiException.Invalid($"messages[{index}].content must be a text, or a list of parts", $"messages[{index}].content");
        return string.Concat(content.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.Object
            && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : throw ApiException.Invalid(
                $"messages[{index}].content has a part that is no text; the model reads text only", $"messages[{index}].content")));
    }

    /// <summary>OpenAI writes arguments as a text with JSON; chat templates read an object.</summary>
    static JsonNode? Arguments(JsonNode? arguments)
    {
        if (arguments is not JsonValue value || !value.TryGetValue<string>(out var text))
            return arguments?.DeepClone();
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            return new JsonObject();
        }
    }
}

sealed record ResponseFormat
{
    public string? Type { get; init; }
    public NamedSchema? JsonSchema { get; init; }
}

/// <summary>A schema of a response. Its name is not used; every schema is enforced, whether <c>strict</c> or not.</summary>
sealed record NamedSchema
{
    public JsonElement? Schema { get; init; }
}
