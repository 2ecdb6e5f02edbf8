using System.Text.Json.Nodes;
using Attune.Studio.Annotate;
using static Microsoft.Playwright.Assertions;

namespace Attune.Studio.Tests;

/// <summary>Reasoning and tool calls in prompts and responses.</summary>
public sealed class PassageTests(Browser browser, SharedStudio shared) : IClassFixture<SharedStudio>
{
    const string Conversation = """
        [{"role": "user", "content": "<think>mine</think> weather?"},
         {"role": "assistant", "reasoning_content": "look it up", "content": null,
          "tool_calls": [{"function": {"name": "search", "arguments": "{\"q\":\"weather\"}"}}]},
         {"role": "tool", "name": "search", "content": "rain"},
         {"role": "assistant", "content":
          "<think>so it\nrains</think>\n\nRain.<tool_call>{\"name\": \"note\", \"arguments\": {\"a\": 1}}</tool_call>"}]
        """;

    [Fact]
    public void FromNode_ReasoningAndToolCalls_AreFolded()
    {
        var passages = Passage.FromNode(JsonNode.Parse(Conversation)!, markdown: null);
        Assert.Equal(
        [
            (null, "<think>mine</think> weather?"), ("Reasoning, 3 words", "look it up"), ("Call of search", "{\n  \"q\": \"weather\"\n}"),
            ("Result of search", "rain"), ("Reasoning, 3 words", "so it\nrains"), (null, "Rain."), ("Call of note", "{\n  \"a\": 1\n}"),
        ], passages.Select(passage => (passage.Fold, passage.Text)));
    }

    [Theory]
    [InlineData("<think>cut off", "Reasoning, 2 words", "cut off")]
    [InlineData("<tool_call>{broken", "Call of a tool", "{broken")]
    [InlineData("", null, "")]
    [InlineData("a < b <thinker>", null, "a < b <thinker>")]
    public void FromResponse_OnePart_IsRead(string text, string? fold, string expected)
    {
        var passage = Assert.Single(Passage.FromResponse(JsonValue.Create(text), markdown: null));
        Assert.Equal((fold, expected), (passage.Fold, passage.Text));
    }

    [Fact]
    public async Task RankingPage_KeyE_UnfoldsReasoning()
    {
        var (store, owner) = (shared.Studio.Store, shared.Studio.Store.People.Local().Id);
        var project = store.Projects.Add("reasoning", new(), owner);
        store.Items.Add(project.Id, [new()
        {
            Prompt = JsonNode.Parse(Conversation)!,
            Answers = [new(JsonValue.Create("<think>because</think>one")), new(JsonValue.Create("two"))],
        }], owner);
        await using var page = await browser.Open(shared.Studio.Address);
        await page.Page.GotoAsync($"/projects/{project.Id}/annotate");
        await page.Shows("#answers", "Reasoning, 1 word");
        await Expect(page.Find("#answers .fold .text")).ToBeHiddenAsync();
        await page.Press("e");
        await Expect(page.Find("#answers .fold .text")).ToBeVisibleAsync();
        await page.Shows("#prompt .fold >> nth=-1", "\"a\": 1");
    }
}
