using System.Text.Json;
using Attune.Training.Environments;

namespace Attune;

/// <summary>The grammar of a call of one of several tools, in the form of a model's chat template.</summary>
static class ToolCallGrammar
{
    /// <summary>Texts that are special tokens in some tokenizers.</summary>
    public static IReadOnlyList<string> Markers { get; } =
        ["<tool_call>", "</tool_call>", "[TOOL_CALLS]", "<|tool_call|>", "<|/tool_call|>"];

    /// <param name="format">How the model writes calls.</param>
    /// <param name="tools">Functions as OpenAI's API describes them.</param>
    /// <exception cref="InvalidDataException">The form of the calls or the schema of a tool is not supported.</exception>
    public static Grammar Of(ToolCallFormat format, JsonElement tools)
    {
        var call = Grammar.AnyOf(tools.EnumerateArray().Select(tool => Call(
            tool.GetProperty("function"), format == ToolCallFormat.Json ? "parameters" : "arguments")));
        return format switch
        {
            ToolCallFormat.Tags => Between("<tool_call>", call, "</tool_call>"),
            ToolCallFormat.Phi => Between("<|tool_call|>[", call, "]<|/tool_call|>"),
            ToolCallFormat.Mistral => Between("[TOOL_CALLS][", call, "]"),
            ToolCallFormat.Json => call,
            _ => throw new InvalidDataException(
                "this model writes the arguments of tools as XML, in which a call cannot be required; tool_choice must be auto or none"),
        };
    }

    static Grammar Between(string begin, Grammar call, string end) =>
        Grammar.Of(begin).Then(JsonGrammar.Spaces).Then(call).Then(JsonGrammar.Spaces).Then(end);

    static Grammar Call(JsonElement function, string key)
    {
        var name = function.GetProperty("name").GetString()!;
        var arguments = function.TryGetProperty("parameters", out var schema) && schema.ValueKind == JsonValueKind.Object
            ? SchemaGrammar.Read(schema, $"the tool '{name}'")
            : Grammar.Of("{}");
        return Grammar.Of("{").Then(JsonGrammar.Spaces)
            .Then(JsonGrammar.Member(Grammar.Of("\"name\""), SchemaGrammar.Exactly(name))).Then(",").Then(JsonGrammar.Spaces)
            .Then(JsonGrammar.Member(Grammar.Of($"\"{key}\""), arguments)).Then("}");
    }
}
