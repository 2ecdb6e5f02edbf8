using System.Text.Json;
using Attune.Training.Environments;

namespace Attune.Tests;

public sealed class SchemaGrammarTests
{
    const string Person = """
        {"type": "object", "additionalProperties": false, "required": ["name", "age"], "properties": {
            "name": {"type": "string", "description": "Who"}, "nick": {"type": ["string", "null"]}, "age": {"type": "integer"},
            "mood": {"enum": ["glad", "sad", 3, null]}}}
        """;
    const string Tree = """
        {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "required": ["value", "next"], "properties": {
            "value": {"type": "number"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}}}}
        """;
    const string List = """{"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2}""";

    [Theory]
    [InlineData(Person, """{"name": "Ann", "age": -3}""")]
    [InlineData(Person, """{"name":"A\"b","nick":null,"age":0,"mood":"sad"}""")]
    [InlineData(Person, """{"name": "", "age": 12, "mood": 3}""")]
    [InlineData(Tree, """{"value": 1.5, "next": {"value": -2e3, "next": null}}""")]
    [InlineData(List, "[true, false]")]
    [InlineData(List, "[true]")]
    [InlineData("""{"const": {"a": [1]}}""", """{"a":[1]}""")]
    [InlineData("""{"type": "object"}""", "{ }")]
    [InlineData("""{"properties": {"x": {}}}""", """{"x": [1, {"y": "z"}]}""")]
    public void After_AValueOfTheSchema_IsWholeAtItsEnd(string schema, string text)
    {
        var grammar = Read(schema);
        for (var length = 0; length < text.Length; length++)
            Assert.NotEqual(Grammar.None, grammar.After(text[..length]));
        Assert.True(grammar.After(text).IsWhole);
    }

    [Theory]
    [InlineData(Person, """{"age""")]
    [InlineData(Person, """{"name": "A", "nick": null}""")]
    [InlineData(Person, """{"name": "A", "age": 1.""")]
    [InlineData(Person, """{"name": "A", "age": 1, "x""")]
    [InlineData(Person, """{"name": "A", "age": 1, "mood": "b""")]
    [InlineData(Person, """{"name": 1""")]
    [InlineData(Person, "{}")]
    [InlineData(Tree, """{"value": 1, "next": 2""")]
    [InlineData(List, "[]")]
    [InlineData(List, "[true, true,")]
    public void After_AnotherText_IsNone(string schema, string text) => Assert.Equal(Grammar.None, Read(schema).After(text));

    [Theory]
    [InlineData("""{"type": "object", "properties": {"a": {"type": "string", "pattern": "x+"}}}""", "'pattern'", "#/properties/a")]
    [InlineData("""{"type": "object", "additionalProperties": true}""", "additionalProperties", "#")]
    [InlineData("""{"type": "object", "properties": {}, "required": ["b"]}""", "'b'", "#")]
    [InlineData("""{"type": "array", "items": {"type": "text"}}""", "'text'", "#/items/type")]
    [InlineData("""{"$ref": "#/$defs/none"}""", "#/$defs/none", "#")]
    [InlineData(
        """{"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}]}}}""", "itself", "#/$defs/a/anyOf/1")]
    [InlineData("""{"anyOf": [{"$ref": "#"}]}""", "itself", "#/anyOf/0")]
    [InlineData("""{"allOf": []}""", "'allOf'", "#")]
    [InlineData("7", "object", "#")]
    public void Read_SomethingUnsupported_NamesThePlace(string schema, string what, string place)
    {
        var message = Assert.Throws<InvalidDataException>(() => Read(schema)).Message;
        Assert.Contains(what, message, StringComparison.Ordinal);
        Assert.Contains($"(at {place})", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ToolCallFormat.Tags, """<tool_call>{"name": "sound", "arguments": {"animal": "cow"}}</tool_call>""")]
    [InlineData(ToolCallFormat.Phi, """<|tool_call|>[{"name": "sound", "arguments": {"animal": "cow"}}]<|/tool_call|>""")]
    [InlineData(ToolCallFormat.Mistral, """[TOOL_CALLS][{"name": "sound", "arguments": {"animal": "cow"}}]""")]
    [InlineData(ToolCallFormat.Json, """{"name": "sound", "parameters": {"animal": "cow"}}""")]
    public void ToolCall_InTheFormOfTheModel_IsWholeAndIsRead(ToolCallFormat format, string text)
    {
        var tools = JsonElement.Parse("""
            [{"type": "function", "function": {"name": "sound", "parameters":
                {"type": "object", "properties": {"animal": {"type": "string"}}, "required": ["animal"]}}},
             {"type": "function", "function": {"name": "stop"}}]
            """);
        var grammar = ToolCallGrammar.Of(format, tools);
        Assert.True(grammar.After(text).IsWhole);
        Assert.Equal(Grammar.None, grammar.After(text.Replace("animal", "person", StringComparison.Ordinal)));
        Assert.Equal("sound", Assert.Single(ToolCalls.Read(format, text)).Name);
    }

    static Grammar Read(string schema) => SchemaGrammar.Read(JsonElement.Parse(schema), "the response");
}
