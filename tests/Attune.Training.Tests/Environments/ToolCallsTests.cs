using System.ComponentModel;
using Attune.Training.Environments;
using Microsoft.Extensions.AI;

namespace Attune.Training.Tests.Environments;

/// <summary>A class whose method has no JSON schema.</summary>
public sealed class GenericTool
{
    public T Same<T>(T value) => value;
}

public sealed class ToolCallsTests
{
    [Theory]
    [InlineData(ToolCallFormat.Tags, "I add.\n<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>")]
    [InlineData(ToolCallFormat.Tags, "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1}}")]
    [InlineData(ToolCallFormat.Xml, "<tool_call>\n<function=add>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>")]
    [InlineData(ToolCallFormat.Json, "<|python_tag|>{\"name\": \"add\", \"parameters\": {\"a\": 1}}")]
    [InlineData(ToolCallFormat.Json, "{\"type\": \"function\", \"name\": \"add\", \"parameters\": {\"a\": 1}}")]
    [InlineData(ToolCallFormat.Mistral, "[TOOL_CALLS] [{\"name\": \"add\", \"arguments\": {\"a\": 1}, \"id\": \"abcdefghi\"}]")]
    [InlineData(ToolCallFormat.Mistral, "[TOOL_CALLS]add[ARGS]{\"a\": 1}")]
    [InlineData(ToolCallFormat.Phi, "<|tool_call|>[{\"name\": \"add\", \"arguments\": {\"a\": 1}}]<|/tool_call|>")]
    public void Read_CallOfAFamily_HasNameAndArguments(ToolCallFormat format, string markup)
    {
        var call = ToolCalls.Read(format, markup).Single();
        Assert.Null(call.Problem);
        Assert.Equal(("add", """{"a":1}"""), (call.Name, call.Arguments.ToJsonString()));
    }

    [Theory]
    [InlineData(ToolCallFormat.Tags, "<tool_call>{\"name\": \"a\"}</tool_call><tool_call>{\"name\": \"b\"}</tool_call>")]
    [InlineData(ToolCallFormat.Json, "{\"name\": \"a\", \"parameters\": {}}; {\"name\": \"b\", \"parameters\": {}}")]
    [InlineData(ToolCallFormat.Mistral, "[TOOL_CALLS][{\"name\": \"a\"}, {\"name\": \"b\"}]")]
    [InlineData(ToolCallFormat.Mistral, "[TOOL_CALLS]a[ARGS]{}[TOOL_CALLS]b[ARGS]{}")]
    public void Read_SeveralCalls_InTheirOrder(ToolCallFormat format, string markup) =>
        Assert.Equal(["a", "b"], ToolCalls.Read(format, markup).Select(call => call.Name));

    [Theory]
    [InlineData(ToolCallFormat.Tags, "the sum is 5")]
    [InlineData(ToolCallFormat.Json, "the sum is {5}")]
    [InlineData(ToolCallFormat.Mistral, "add[ARGS]{}")]
    public void Read_NoCall_IsEmpty(ToolCallFormat format, string markup) => Assert.Empty(ToolCalls.Read(format, markup));

    [Theory]
    [InlineData("<tool_call>add(1)</tool_call>", "the call is not JSON")]
    [InlineData("<tool_call>{\"arguments\": {}}</tool_call>", "the call must be an object with a name")]
    [InlineData("<tool_call>{\"name\": \"add\", \"arguments\": [1]}</tool_call>", "the arguments of the call must be an object")]
    [InlineData("<tool_call>{\"name\": \"add\", \"name\": \"sub\"}</tool_call>", "the call is not JSON")]
    [InlineData("<tool_call>{\"name\": \"\\ud800\"}</tool_call>", "the call is not JSON")]
    [InlineData("<tool_call>{\"name\": \"add\", \"arguments\": {\"\\ud800\": 1}}</tool_call>", "the call is not JSON")]
    public void Read_BrokenCall_HasAProblem(string markup, string problem) => Assert.StartsWith(
        problem, ToolCalls.Read(ToolCallFormat.Tags, markup).Single().Problem, StringComparison.Ordinal);

    [Fact]
    public void FormatOf_TemplateWithoutCalls_IsBadInput()
    {
        var error = Assert.Throws<InvalidDataException>(() =>
            ToolCalls.FormatOf(Episodes.Tokenizer.WithChatTemplate("{{ messages[0].content }}")));
        Assert.Contains("Hermes", error.Message, StringComparison.Ordinal);
        Assert.Equal(ToolCallFormat.Tags, ToolCalls.FormatOf(Episodes.Tokenizer.WithChatMl(specialTokens: false)));
    }

    [Fact]
    public async Task Reply_CallsOfTools_AreTheirResultsOrErrors()
    {
        var replies = await Reply(
            "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 2, \"b\": 3}}</tool_call>",
            "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": \"two\", \"b\": 3}}</tool_call>",
            "<tool_call>{\"name\": \"sub\"}</tool_call>", "<tool_call>{\"name\": \"fail\"}</tool_call>",
            "<tool_call>{\"name\": \"wait\"}</tool_call>", "<tool_call>oops</tool_call>", "it is 5");
        Assert.Equal("5", replies[0].Text);
        Assert.StartsWith("error: ", replies[1].Text, StringComparison.Ordinal);
        Assert.Equal("error: there is no tool sub; there are add, fail, wait", replies[2].Text);
        Assert.Equal("error: out of order", replies[3].Text);
        Assert.Equal("error: no result within 0.2 s", replies[4].Text);
        Assert.StartsWith("error: the call is not JSON", replies[5].Text, StringComparison.Ordinal);
        Assert.True(replies[6].Ends);
        Assert.Equal([0, 1, 1, 1, 1, 1, 0], replies.Select(reply => reply.ToolErrors));
        Assert.All(replies.Take(6), reply => Assert.Equal(("tool", 1), (reply.Messages.Single().Role, reply.ToolCalls)));
    }

    [Fact]
    public void Connect_MethodThatCannotBeATool_IsBadInput()
    {
        var options = new PluginTools { Assembly = typeof(GenericTool).Assembly.Location, Type = typeof(GenericTool).FullName! };
        var error = Assert.Throws<InvalidDataException>(() => options.Connect([], new(Episodes.Tokenizer)));
        Assert.Contains("the method Same cannot be a tool", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Schemas_OfACSharpFunction_HaveItsDescriptions()
    {
        var function = ToolEnvironment.Schemas(Tools())[0].GetProperty("function");
        Assert.Equal("add", function.GetProperty("name").GetString());
        Assert.Equal("Adds two numbers.", function.GetProperty("description").GetString());
        Assert.True(function.GetProperty("parameters").GetProperty("properties").TryGetProperty("a", out _));
    }

    static AIFunction[] Tools() =>
    [
        AIFunctionFactory.Create([Description("Adds two numbers.")] (int a, int b) => a + b, "add"),
        AIFunctionFactory.Create(string () => throw new InvalidOperationException("out of order"), "fail"),
        AIFunctionFactory.Create(() => Thread.Sleep(10_000), "wait"),
    ];

    static async Task<IReadOnlyList<Reply>> Reply(params string[] turns)
    {
        using var environment = new ToolEnvironment(Tools(), ToolCallFormat.Tags, TimeSpan.FromSeconds(0.2));
        var episodes = turns.Select(turn =>
        {
            var episode = new Episode(new([1], ""), 1);
            episode.Add(new Turn(turn, turn));
            return episode;
        });
        return await environment.ReplyAsync([.. episodes], TestContext.Current.CancellationToken);
    }
}
