using Attune.Store;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Attune.Studio.Tests;

/// <summary>A project with several questions in a real browser, and its pages.</summary>
public sealed class QuestionPageTests(Browser browser, SharedStudio shared) : IClassFixture<SharedStudio>
{
    const string Hostile = "<img src=x onerror=alert(1)>";

    static readonly ProjectSettings Settings = new()
    {
        Questions = [new("helpful", "Which answer is more helpful?"), new("harmless", $"Which is less harmful? {Hostile}"),
            new("style", "Which answer is better written?")],
    };

    readonly RunningStudio studio = shared.Studio;

    /// <summary>Decides by keys, undoes, changes one question and saves; then looks at the other pages of the project.</summary>
    [Fact]
    public async Task Questions_AreDecidedByKeyboardAndHaveTheirOwnPages()
    {
        var project = studio.Project($"hotel {Guid.NewGuid()}", Settings, 3);
        await using var page = await browser.Open(studio.Address, new() { ColorScheme = ColorScheme.Dark });
        await page.Page.GotoAsync($"projects/{project.Id}/annotate");
        await page.Shows("#ask", "more helpful");
        await page.Press("ArrowLeft");
        await page.Shows("#ask", Hostile);
        await page.Shows("#questions", "helpful A is better");
        await page.Page.ReloadAsync();                                   // the draft keeps the first decision
        await page.Shows("#ask", Hostile);
        await page.Press("ArrowRight");
        await page.Shows("#ask", "better written");
        await page.Press("=");
        await page.Shows("#mine", "1 by you");
        await page.Shows("#last", "helpful: A is better · harmless: B is better · style: Equally good");
        await page.Press("u");
        await page.Shows("#last", "Undone");
        await page.Shows("#ask", "more helpful");
        await page.Press("q");
        await page.Press("q");
        await page.Press("x");                                           // changes the third question, and saves nothing yet
        await page.Shows("#questions", "style Both bad");
        await page.Press("Enter");
        await page.Shows("#mine", "1 by you");
        var kept = Assert.Single(studio.Store.Annotations.Recent(project.Id, studio.Store.People.Local().Id, 9));
        var shown = kept.Result.AsShown(kept.Shown);
        Assert.Equal([0, 1], shown.Ranks!);
        Assert.Equal([1, 0], shown.Judgments!["harmless"].Ranks!);
        Assert.Equal(Outcome.AllBad, shown.Judgments["style"].Outcome);

        await page.Page.GotoAsync($"projects/{project.Id}/people?question=style");
        await Expect(page.Find("nav[aria-label=Question] [aria-current]")).ToHaveTextAsync("style");
        await page.Page.GotoAsync($"projects/{project.Id}/leaderboard?question=harmless&equal=Style");
        await page.Shows("section[aria-labelledby=effects]", "Markdown headers");
        await page.Page.GotoAsync($"projects/{project.Id}/export");
        await page.Find("input[name='weight-harmless']").FillAsync("2");
        await page.Find("text=Update counts").ClickAsync();
        await page.Shows("[role=status]", "1 rows");
        Assert.Contains("weight-harmless=2", page.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ranking_OnAPhone_OrdersForEachQuestion()
    {
        var project = studio.Project($"hotel {Guid.NewGuid()}", Settings with { Task = TaskKind.Ranking }, 1);
        await using var page = await browser.Open(studio.Address, new() { ViewportSize = new() { Width = 390, Height = 844 } });
        await page.Page.GotoAsync($"projects/{project.Id}/annotate");
        foreach (var (first, second) in new[] { ("1", "2"), ("2", "1"), ("2", "1") })
        {
            await page.Press(first);
            await page.Press(second);
            await page.Press("Enter");
        }
        await page.Shows("#done", "All done");
        var kept = Assert.Single(studio.Store.Annotations.Recent(project.Id, studio.Store.People.Local().Id, 9));
        var shown = kept.Result.AsShown(kept.Shown);
        Assert.Equal([0, 1], shown.Ranks!);
        Assert.Equal([1, 0], shown.Judgments!["harmless"].Ranks!);
    }
}
