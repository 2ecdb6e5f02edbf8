using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Attune.Text;

namespace Attune.Training.Environments;

/// <summary>A call of a tool that a model wrote.</summary>
/// <param name="Name">The name of the tool; empty where the call cannot be read.</param>
/// <param name="Arguments">A JSON object.</param>
public sealed record ToolCall(string Name, JsonObject Arguments)
{
    /// <summary>Why the call cannot be read; null for a call that can.</summary>
    public string? Problem { get; init; }
}

/// <summary>How models of a family write tool calls.</summary>
public enum ToolCallFormat
{
    /// <summary><c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c>: Hermes, Qwen 2.5 and 3, Attune's ChatML.</summary>
    Tags,

    /// <summary>
    /// <c>&lt;tool_call&gt;&lt;function=NAME&gt;&lt;parameter=KEY&gt;VALUE&lt;/parameter&gt;…</c>: Qwen3-Coder and later.
    /// </summary>
    Xml,

    /// <summary><c>{"name": …, "parameters": {…}}</c> and nothing else: Llama 3.1 and later.</summary>
    Json,

    /// <summary><c>[TOOL_CALLS][{"name": …, "arguments": {…}}]</c> or <c>[TOOL_CALLS]NAME[ARGS]{…}</c>: Mistral.</summary>
    Mistral,

    /// <summary><c>&lt;|tool_call|&gt;[{"name": …, "arguments": {…}}]&lt;|/tool_call|&gt;</c>: Phi-4.</summary>
    Phi,
}

/// <summary>Reads the tool calls of a turn.</summary>
public static partial class ToolCalls
{
    /// <summary>The format of a tokenizer's chat template, by the markers that it writes.</summary>
    /// <exception cref="InvalidDataException">The template has the markers of no known format.</exception>
    public static ToolCallFormat FormatOf(Tokenizer tokenizer)
    {
        var template = ChatTemplate.FromTokenizer(tokenizer).For(new([]) { Tools = JsonElement.Parse("[]") }).Source;
        return Has("[TOOL_CALLS]") ? ToolCallFormat.Mistral
            : Has("<|tool_call|>") ? ToolCallFormat.Phi
            : Has("<tool_call>") ? Has("<function=") ? ToolCallFormat.Xml : ToolCallFormat.Tags
            : Has("<|python_tag|>") || Has("\"parameters\": ") ? ToolCallFormat.Json
            : throw new InvalidDataException(
                "the chat template writes no tool calls in a form that Attune reads (that of Hermes and Qwen, Qwen3-Coder, Llama 3, "
                + "Mistral or Phi-4); use a model that was trained to call tools, or a template with <tool_call>");

        bool Has(string marker) => template.Contains(marker, StringComparison.Ordinal);
    }

    /// <summary>The calls in a turn, in their order; those that cannot be read have a problem.</summary>
    /// <param name="format">The format of the model's chat template.</param>
    /// <param name="markup">The turn with its special tokens.</param>
    public static IReadOnlyList<ToolCall> Read(ToolCallFormat format, string markup) => format switch
    {
        ToolCallFormat.Tags => [.. Tagged().Matches(markup).SelectMany(match => ReadJson(match.Groups["call"].Value))],
        ToolCallFormat.Xml => [.. Tagged().Matches(markup).Select(match => ReadXml(match.Groups["call"].Value))],
        ToolCallFormat.Phi => [.. PhiTagged().Matches(markup).SelectMany(match => ReadJson(match.Groups["call"].Value))],
        ToolCallFormat.Mistral => [.. markup.Split("[TOOL_CALLS]").Skip(1).SelectMany(ReadMistral)],
        _ => ReadBare(markup.Replace("<|python_tag|>", "", StringComparison.Ordinal).Trim()),
    };

    /// <summary>A text that is one call, or several with semicolons between them.</summary>
    static IReadOnlyList<ToolCall> ReadBare(string text) =>
        text.StartsWith('{') && text.Contains("\"name\"", StringComparison.Ordinal)
            ? [.. BetweenObjects().Split(text).SelectMany(ReadJson)]
            : [];

    static IEnumerable<ToolCall> ReadMistral(string text)
    {
        text = text.Trim();
        if (text.StartsWith('[') || text.StartsWith('{'))
            return ReadJson(text);
        var name = text[..(text.IndexOfAny(['[', '{']) is >= 0 and var at ? at : text.Length)].Trim();
        var arguments = text.IndexOf('{', StringComparison.Ordinal) is >= 0 and var brace ? text[brace..] : "{}";
        return ReadJson($$"""{"name":{{JsonSerializer.Serialize(name)}},"arguments":{{arguments}}}""");
    }

    /// <summary>A call as JSON, or a list of calls.</summary>
    static IEnumerable<ToolCall> ReadJson(string text)
    {
        try
        {
            var node = JsonNode.Parse(text, documentOptions: new() { AllowDuplicateProperties = false });
            return node is JsonArray list ? [.. list.Select(ReadCall)] : [ReadCall(node)];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)         // half of a surrogate pair
        {
            return [Broken($"the call is not JSON: {error.Message}")];
        }
    }

    static ToolCall ReadCall(JsonNode? node)
    {
        var call = node as JsonObject;
        call = call?["function"] as JsonObject ?? call;
        if (call?["name"] is not JsonValue name || name.GetValueKind() != JsonValueKind.String)
            return Broken("the call must be an object with a name");
        return (call["arguments"] ?? call["parameters"]) switch
        {
            null => new(name.GetValue<string>(), []),
            JsonObject arguments => new(name.GetValue<string>(), arguments.DeepClone().AsObject()),
            _ => Broken("the arguments of the call must be an object"),
        };
    }

    static ToolCall ReadXml(string text)
    {
        if (FunctionTag().Match(text) is not { Success: true } function)
            return Broken("the call must have <function=NAME>");
        var arguments = new JsonObject();
        foreach (Match parameter in ParameterTag().Matches(function.Groups["body"].Value))
            arguments[parameter.Groups["name"].Value] = ReadValue(parameter.Groups["value"].Value.Trim('\n'));
        return new(function.Groups["name"].Value, arguments);
    }

    /// <summary>A number, a truth value, a list or an object where the text is one; else the text.</summary>
    static JsonNode? ReadValue(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    static ToolCall Broken(string problem) => new("", []) { Problem = problem };

    /// <summary>The result of a call as the text that the policy reads.</summary>
    internal static string ToText(object? result) => result switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        JsonElement json => json.GetRawText(),
        _ => JsonSerializer.Serialize(result),
    };

    const RegexOptions Lines = RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant;

    [GeneratedRegex("<tool_call>(?<call>.*?)(</tool_call>|$)", Lines, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Tagged();

    [GeneratedRegex(@"<\|tool_call\|>(?<call>.*?)(<\|/tool_call\|>|$)", Lines, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex PhiTagged();

    [GeneratedRegex("<function=(?<name>[^>]+)>(?<body>.*?)(</function>|$)", Lines, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex FunctionTag();

    [GeneratedRegex("<parameter=(?<name>[^>]+)>(?<value>.*?)</parameter>", Lines, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ParameterTag();

    [GeneratedRegex(@"(?<=\})\s*;\s*(?=\{)", Lines, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex BetweenObjects();
}
