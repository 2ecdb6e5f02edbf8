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

    protected override int? Limit => MaxCompletionTokens ?? MaxTokens;

    /// <summary>The number of most likely tokens to report; null for no log-probabilities.</summary>
    /// <exception cref="ApiException">It is not allowed.</exception>
    public int? ReportedLogprobs()
    {
        Check("top_logprobs", TopLogprobs, 0, 20);
        return Logprobs == true ? TopLogprobs ?? 0 : TopLogprobs is null or 0 ? null
            : throw ApiException.Invalid("top_logprobs needs logprobs to be true", "top_logprobs");
    }

    /// <summary>Whether the response must be a JSON object.</summary>
    /// <exception cref="ApiException">It must have another form.</exception>
    public bool IsJson() => ResponseFormat?.Type switch
    {
        null or "text" => false,
        "json_object" => true,
        var other => throw ApiException.Invalid($"response_format.type must be text or json_object (was {other})", "response_format"),
    };

    public override ChatRequest ToRequest(int[] prompt, ChatEngine engine, RequestLimits limits) =>
        base.ToRequest(prompt, engine, limits) with { TopLogprobs = ReportedLogprobs(), IsJson = IsJson() };

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
            Tools = UsesTools() ? Tools : null,
            Variables = ChatTemplateKwargs is { ValueKind: JsonValueKind.Object } variables ? variables : null,
        };
    }

    bool UsesTools()
    {
        if (Tools is not { ValueKind: not JsonValueKind.Null } tools)
            return false;
        if (tools.ValueKind != JsonValueKind.Array || tools.EnumerateArray().Any(tool => !IsFunction(tool)))
            throw ApiException.Invalid("tools must be a list of functions: {\"type\": \"function\", \"function\": {\"name\": …}}", "tools");
        var choice = ToolChoice is { ValueKind: JsonValueKind.String } text ? text.GetString() : ToolChoice is null ? "auto" : "other";
        return choice is "auto" or "none"
            ? choice == "auto" && tools.GetArrayLength() > 0
            : throw ApiException.Invalid("tool_choice must be auto or none: the model cannot be made to call a tool", "tool_choice");
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
}
