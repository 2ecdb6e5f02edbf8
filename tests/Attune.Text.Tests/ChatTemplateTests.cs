using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Text.Tests;

public sealed class ChatTemplateTests
{
    static readonly Message[] Conversation = [new("system", "Be brief."), new("user", "Hi\nthere")];

    [Fact]
    public void EachMessageStandsBetweenMarkersUnderItsRole() => Assert.Equal(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi\nthere<|im_end|>\n",
        ChatTemplate.FromTokenizer(TinyTokenizer.Trained).Render(Conversation, addGenerationPrompt: false));

    [Fact]
    public void TheGenerationPromptOpensAnAnswer() => Assert.EndsWith(
        "<|im_end|>\n<|im_start|>assistant\n",
        ChatTemplate.FromTokenizer(TinyTokenizer.Trained).Render(Conversation, addGenerationPrompt: true));

    [Fact]
    public void TheTemplateOfATokenizerIsUsedWithItsSpecialTokens() => Assert.Equal(
        "Be brief.|Hi\nthere|<|endoftext|>",
        ChatTemplate.FromTokenizer(
            TinyTokenizer.Trained.WithChatTemplate("{% for m in messages %}{{ m.content }}|{% endfor %}{{ eos_token }}"))
            .Render(Conversation));

    [Fact]
    public void FromTokenizer_WithATemplateTime_TellsThatTimeInEveryRendering()
    {
        var tokenizer = TinyTokenizer.Trained.WithChatTemplate("{{ strftime_now('%Y-%m-%d %H:%M:%S') }}");
        var timed = ChatTemplate.FromTokenizer(tokenizer.WithTemplateTime(new(2024, 2, 29, 13, 5, 9)));
        Assert.Equal("2024-02-29 13:05:09", timed.Render(Conversation));
        Assert.Equal("2024-02-29 13:05:09", timed.Render(Conversation));
        Assert.NotEqual("2024-02-29 13:05:09", ChatTemplate.FromTokenizer(tokenizer).Render(Conversation));
    }

    const string Named = """
        {"chat_template": [{"name": "default", "template": "PLAIN {{ messages[0].content }}"},
                           {"name": "tool_use", "template": "TOOLS {{ tools | tojson }}"}]}
        """;

    static Tokenizer WithNamedTemplates() => Tokenizer.Parse(TinyTokenizer.Json(["a"]).ToJsonString(), Named);

    static string Rendered(Tokenizer tokenizer, string? tools)
    {
        var conversation = new Conversation([new("user", "When?")]) { Tools = tools is null ? null : JsonElement.Parse(tools) };
        return ChatTemplate.FromTokenizer(tokenizer).Render(conversation).Text;
    }

    [Fact]
    public void Render_NamedTemplates_UsesToolUseForAConversationWithTools()
    {
        Assert.Equal("PLAIN When?", Rendered(WithNamedTemplates(), tools: null));
        Assert.Equal("TOOLS [{\"type\": \"function\"}]", Rendered(WithNamedTemplates(), """[{"type": "function"}]"""));
    }

    [Fact]
    public void Save_NamedTemplates_WritesTheFilesThatLoadReads()
    {
        using var folder = new TemporaryFolder();
        WithNamedTemplates().Save(folder.Path);
        Assert.Equal("PLAIN {{ messages[0].content }}", File.ReadAllText(folder.File("chat_template.jinja")));
        Assert.Equal("TOOLS {{ tools | tojson }}", File.ReadAllText(folder.File("additional_chat_templates/tool_use.jinja")));
        Assert.DoesNotContain("chat_template", File.ReadAllText(folder.File("tokenizer_config.json")));
        Assert.Equal("TOOLS []", Rendered(Tokenizer.Load(folder.Path), "[]"));
        Assert.Equal("PLAIN When?", Rendered(Tokenizer.Load(folder.Path), tools: null));

        WithNamedTemplates().WithChatTemplate("ONE").Save(folder.Path);
        Assert.Equal("ONE", Rendered(Tokenizer.Load(folder.Path), "[]"));
    }

    [Theory]
    [InlineData("tool_use", "none with the name default")]
    [InlineData("../escaped", "letters, digits")]
    public void NamedTemplates_WithoutADefaultOrAFileName_AreRefused(string name, string what)
    {
        var config = new JsonObject { ["chat_template"] = new JsonArray(new JsonObject { ["name"] = name, ["template"] = "x" }) };
        var error = Assert.Throws<InvalidDataException>(() =>
            ChatTemplate.FromTokenizer(Tokenizer.Parse(TinyTokenizer.Json(["a"]).ToJsonString(), config.ToJsonString())));
        Assert.StartsWith("tokenizer_config.json", error.Message);
        Assert.Contains(what, error.Message);
    }
}
