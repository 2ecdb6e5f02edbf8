using System.ClientModel;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using ChatFinishReason = OpenAI.Chat.ChatFinishReason;
using ChatMessage = OpenAI.Chat.ChatMessage;

namespace Attune.Serving.Tests;

/// <summary>Schemas and calls of tools over HTTP: the model is random, so it follows only what is enforced.</summary>
public sealed class ToolTests(RunningServer server) : IClassFixture<RunningServer>
{
    const string Parameters = """
        {"type": "object", "required": ["animal"], "properties": {"animal": {"enum": ["cow"]}}, "additionalProperties": false}
        """;

    static readonly ChatTool Sound = ChatTool.CreateFunctionTool("sound", "What an animal says", BinaryData.FromString(Parameters));
    static readonly ChatTool Weather = ChatTool.CreateFunctionTool("weather");

    ChatClient Chat => new OpenAIClient(new ApiKeyCredential("any"), new() { Endpoint = new(server.Address, "/v1") }).GetChatClient("chat");

    [Fact]
    public async Task CompleteChat_RequiredTool_IsCalledAndItsResultIsRead()
    {
        var messages = new List<ChatMessage> { new UserChatMessage("What says the cow?") };
        ChatCompletion called = await Chat.CompleteChatAsync(messages, Options(ChatToolChoice.CreateRequiredChoice()));
        Assert.Equal(ChatFinishReason.ToolCalls, called.FinishReason);
        var call = Assert.Single(called.ToolCalls);
        Assert.Equal(("sound", """{"animal":"cow"}"""), (call.FunctionName, call.FunctionArguments.ToString()));
        messages.AddRange([new AssistantChatMessage(called), new ToolChatMessage(call.Id, "moo")]);
        ChatCompletion answer = await Chat.CompleteChatAsync(messages, new() { MaxOutputTokenCount = 5 });
        Assert.NotEmpty(answer.Content);
        Assert.Empty(answer.ToolCalls);
    }

    [Fact]
    public async Task CompleteChatStreaming_NamedTool_IsCalled()
    {
        var (name, arguments, id, reason, text) = ("", "", "", (ChatFinishReason?)null, "");
        await foreach (var update in Chat.CompleteChatStreamingAsync(
            [new UserChatMessage("x")], Options(ChatToolChoice.CreateFunctionChoice("sound"), Weather)))
        {
            foreach (var call in update.ToolCallUpdates)
                (name, id, arguments) = (name + call.FunctionName, id + call.ToolCallId, arguments + call.FunctionArgumentsUpdate);
            (text, reason) = (text + string.Concat(update.ContentUpdate.Select(part => part.Text)), update.FinishReason ?? reason);
        }
        Assert.Equal(("sound", """{"animal":"cow"}""", ChatFinishReason.ToolCalls, ""), (name, arguments, reason, text));
        Assert.NotEmpty(id);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task FunctionInvocation_RequiredTool_IsInvokedWithTheArguments(bool isStream)
    {
        var heard = new List<string>();
        var tool = AIFunctionFactory.Create((Animal animal) => heard.Add($"{animal}"), "sound");
        using var client = Chat.AsIChatClient().AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions
        {
            Tools = [tool], ToolMode = ChatToolMode.RequireSpecific("sound"), MaxOutputTokens = 100, Temperature = 0,
            RawRepresentationFactory = _ => Options(choice: null),
        };
        var response = isStream
            ? await client.GetStreamingResponseAsync("What says the cow?", options).ToChatResponseAsync()
            : await client.GetResponseAsync("What says the cow?", options);
        Assert.Equal("Cow", Assert.Single(heard));
        Assert.Contains(response.Messages, message => message.Contents.OfType<Microsoft.Extensions.AI.FunctionResultContent>().Any());
    }

    [Fact]
    public async Task Chat_JsonSchema_IsFollowed()
    {
        var schema = new
        {
            type = "object",
            properties = new
            {
                colour = new { @enum = new[] { "red", "blue" } }, count = new { type = "integer" }, ok = new { type = "boolean" },
            },
            required = new[] { "colour", "ok" },
            additionalProperties = false,
        };
        foreach (var seed in Enumerable.Range(1, 5))
        {
            var response = await server.Post("/v1/chat/completions", new
            {
                messages = new[] { new { role = "user", content = "x" } }, seed, temperature = 1.5, logit_bias = NoSpaces(","),
                response_format = new { type = "json_schema", json_schema = new { name = "answer", strict = true, schema } },
            });
            var choice = response["choices"]![0]!;
            Assert.Equal("stop", (string?)choice["finish_reason"]);
            var answer = JsonNode.Parse((string)choice["message"]!["content"]!)!;
            Assert.Contains((string)answer["colour"]!, (string[])["red", "blue"]);
            _ = (bool)answer["ok"]!;
        }
    }

    [Theory]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":"always"}""", "tool_choice")]
    [InlineData(
        """{"tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":{"type":"function","function":{"name":"b"}}}""", "'b'")]
    [InlineData(
        """{"response_format":{"type":"json_schema","json_schema":{"schema":{"properties":{"a":{"type":"string","pattern":"b"}}}}}}""",
        "'pattern' is not supported (at #/properties/a)")]
    public async Task Chat_UnsupportedConstraint_NamesThePlace(string fields, string problem)
    {
        var body = JsonNode.Parse(fields)!;
        body["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "x" });
        using var content = JsonContent.Create(body);
        var (status, error) = await server.Refusal("/v1/chat/completions", content);
        Assert.Equal(400, status);
        Assert.Contains(problem, (string)error["message"]!, StringComparison.Ordinal);
    }

    ChatCompletionOptions Options(ChatToolChoice? choice, params ChatTool[] others)
    {
        var options = new ChatCompletionOptions { Tools = { Sound }, ToolChoice = choice, MaxOutputTokenCount = 100, Temperature = 0 };
        if (choice is null)
            options.Tools.Clear();
        foreach (var other in others)
            options.Tools.Add(other);
        foreach (var (token, bias) in NoSpaces())
            options.LogitBiases[int.Parse(token, System.Globalization.CultureInfo.InvariantCulture)] = bias;
        return options;
    }

    /// <summary>Biases against white space, so that a random model does not fill its response with it, and for some texts.</summary>
    Dictionary<string, int> NoSpaces(params string[] likely)
    {
        var biases = " \n\t\r".SelectMany(space => server.Engine.Tokenizer.Encode($"{space}")).Distinct()
            .ToDictionary(id => $"{id}", _ => -100);
        foreach (var text in likely)
            biases[$"{server.Engine.Tokenizer.Encode(text)[0]}"] = 8;
        return biases;
    }

    enum Animal
    {
        Cow,
    }
}
