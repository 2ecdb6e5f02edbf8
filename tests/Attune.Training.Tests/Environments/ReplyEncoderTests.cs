using System.Text.Json;
using Attune.Data;
using Attune.Generation;
using Attune.Testing;
using Attune.Text;
using Attune.Training.Environments;

namespace Attune.Training.Tests.Environments;

/// <summary>What comes between two turns, compared with renderings of whole conversations by transformers.</summary>
public sealed class ReplyEncoderTests
{
    [Theory]
    [InlineData("chatml-tools", "multi", "<|im_end|>", "\n")]
    [InlineData("chatml-tools", "tool_chat", "<|im_end|>", "\n")]
    [InlineData("chatml-tools", "tool_chat_two", "<|im_end|>", "\n")]
    [InlineData("header-llama", "multi", "<|eot_id|>", "")]
    [InlineData("header-llama", "tool_chat", "<|eot_id|>", "")]
    public void Encode_ReplyToAConversation_IsWhatTheTemplateWritesThere(string template, string name, string eos, string between)
    {
        var (jinja, conversation, expected) = Golden(template, name);
        var replies = conversation.Messages.Reverse().TakeWhile(message => message.Role != "assistant").Reverse().ToList();
        var tokenizer = Episodes.Tokenizer.WithSpecialTokens(eos: eos).WithChatTemplate(jinja);
        var encoder = new ReplyEncoder(tokenizer, [tokenizer.EosId!.Value], conversation.Tools);
        var prompt = new TokenPrompt([1], "") { IsConversation = true };

        var afterEos = tokenizer.Decode(encoder.Encode(prompt, Turn(tokenizer, ended: true), new(replies)));
        Assert.EndsWith(eos + afterEos, expected, StringComparison.Ordinal);
        Assert.StartsWith(between, afterEos, StringComparison.Ordinal);
        var afterStop = tokenizer.Decode(encoder.Encode(prompt, Turn(tokenizer, ended: false), new(replies)));
        Assert.Equal(eos + afterEos, afterStop);
    }

    [Fact]
    public void Encode_ReplyToAText_IsTheTextAlone()
    {
        var tokenizer = Episodes.Tokenizer;
        var tokens = new ReplyEncoder(tokenizer, [tokenizer.EosId!.Value]).Encode(new([1], ""), Turn(tokenizer, ended: true), new(" moo"));
        Assert.Equal(tokenizer.Encode(" moo"), tokens);
    }

    [Fact]
    public void ChatMl_WithTools_WritesThemWithCallsAndResults()
    {
        var conversation = new Conversation(
        [
            new("user", "2 + 3"),
            new(JsonElement.Parse("""{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]}""")),
            new("tool", "5"),
        ])
        {
            Tools = JsonElement.Parse("""[{"type":"function","function":{"name":"f"}}]"""),
        };
        Assert.Equal(
            """
            <|im_start|>system
            Functions, which <tool_call>{"name": ..., "arguments": {...}}</tool_call> calls:
            {"type": "function", "function": {"name": "f"}}
            <|im_end|>
            <|im_start|>user
            2 + 3<|im_end|>
            <|im_start|>assistant
            <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call><|im_end|>
            <|im_start|>tool
            5<|im_end|>
            <|im_start|>assistant

            """.ReplaceLineEndings("\n"),
            new ChatTemplate(ChatTemplate.ChatMl).Render(conversation, addGenerationPrompt: true).Text);
    }

    static Response Turn(Tokenizer tokenizer, bool ended) =>
        new(ended ? [1, tokenizer.EosId!.Value] : [1], new float[ended ? 2 : 1], [], Ended: true);

    /// <summary>A conversation of a golden file, up to its last reply, and its rendering with the beginning of a response.</summary>
    static (string Jinja, Conversation Conversation, string Expected) Golden(string file, string name)
    {
        var root = JsonElement.Parse(File.ReadAllText(Path.Combine(Repository.Root, "tests/golden/chat_templates", file + ".json")));
        var cases = root.GetProperty("cases").EnumerateArray().Where(one => one.GetProperty("conversation").GetString() == name).ToList();
        var found = cases.Find(one => one.GetProperty("add_generation_prompt").GetBoolean() && one.TryGetProperty("expected", out _));
        if (found.ValueKind == JsonValueKind.Undefined)
            found = cases.First(one => one.TryGetProperty("expected", out _));
        var jinja = root.GetProperty("template").GetString()!;
        var conversation = new Conversation([.. found.GetProperty("messages").EnumerateArray().Select(MessageFormat.Read)])
        {
            Tools = found.GetProperty("tools") is { ValueKind: JsonValueKind.Array } tools ? tools : null,
        };
        var expected = found.GetProperty("expected").GetString()!;
        if (!found.GetProperty("add_generation_prompt").GetBoolean())
            expected += "<|im_start|>assistant\n";
        return (jinja, conversation, expected);
    }
}
