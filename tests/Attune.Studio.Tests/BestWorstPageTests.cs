using System.Text.Json.Nodes;
using Attune.Store;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Attune.Studio.Tests;

/// <summary>Best–worst choices in a real browser.</summary>
public sealed class BestWorstPageTests(Browser browser, SharedStudio shared) : IClassFixture<SharedStudio>
{
    readonly RunningStudio studio = shared.Studio;

    /// <summary>Chooses by keys, takes a choice back, undoes, and chooses the next item by buttons on a phone.</summary>
    [Fact]
    public async Task BestAndWorst_AreChosenByKeysAndByButtons()
    {
        var owner = studio.Store.People.Local().Id;
        var project = studio.Store.Projects.Add($"best {Guid.NewGuid()}", new() { Task = TaskKind.BestWorst }, owner);
        studio.Store.Items.Add(project.Id, [new()
        {
            Prompt = JsonValue.Create("prompt"),
            Answers = [.. Enumerable.Range(0, 5).Select(i => new ItemResponse(JsonValue.Create($"<img src=x onerror=alert({i})>")))],
        }], owner);
        await using var page = await browser.Open(studio.Address, new() { ColorScheme = ColorScheme.Dark });
        await page.Page.GotoAsync($"projects/{project.Id}/annotate");
        await page.Press("2");
        await page.Press("Enter");
        await page.Shows("#last", "Choose the best and the worst answer first.");
        await page.Press("4");
        await page.Shows(".answer.chosen", "✓ best");
        await page.Shows(".answer.worst", "✗ worst");
        await page.Press("4");
        await Expect(page.Find(".answer.worst")).ToHaveCountAsync(0);
        await page.Press("1");
        await page.Page.ReloadAsync();                                   // the draft keeps the choice
        await page.Shows(".answer.worst", "✗ worst");
        await page.Press("Enter");
        await page.Shows("#mine", "1 by you");
        await page.Shows("#last", "Best 2, worst 1");

        await page.Page.SetViewportSizeAsync(390, 844);
        await page.Find("[data-answer='0'] .extreme[value=worst]").ClickAsync();
        await page.Find("[data-answer='3'] .extreme[value=best]").ClickAsync();
        await page.Find("#keep").ClickAsync();
        await page.Shows("#mine", "2 by you");
        var kept = studio.Store.Annotations.Recent(project.Id, owner, 9);
        Assert.Equal([Outcome.BestWorst, Outcome.BestWorst], kept.Select(decision => decision.Result.Outcome));
        Assert.Equal([2, 1, 1, 0], kept[0].Result.AsShown(kept[0].Shown).Ranks!);
        Assert.Equal([2, 0, 1, 1], kept[1].Result.AsShown(kept[1].Shown).Ranks!);
        await page.Page.GotoAsync($"projects/{project.Id}/items/{kept[0].Item}");
        Assert.Contains(">best ", await page.Page.ContentAsync(), StringComparison.Ordinal);
    }
}
