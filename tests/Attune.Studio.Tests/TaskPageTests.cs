using System.Net;
using System.Text.Json.Nodes;
using Attune.Store;
using static Microsoft.Playwright.Assertions;

namespace Attune.Studio.Tests;

/// <summary>The page for demonstrations and labels of steps, in a real browser and by the keyboard.</summary>
public sealed class TaskPageTests(Browser browser, SharedStudio shared) : IClassFixture<SharedStudio>
{
    const string Hostile = "<script>alert(1)</script> \u202Eevil <img src=x onerror=alert(1)>";
    const string TwoLines = $"{Hostile}\nthe second line";

    readonly RunningStudio studio = shared.Studio;

    [Fact]
    public async Task Demonstration_ByKeyboard_IsSavedUndoneAndWrittenForAnOwnPrompt()
    {
        var project = Project(new() { Task = TaskKind.Demonstration, CheckEvery = 0 }, []);
        await using var page = await Open(project);
        var keyboard = page.Page.Keyboard;
        await page.Shows("h1", "Write the ideal answer");
        await page.Shows(".path", Hostile);
        await page.Find("[name=answer]").First.FillAsync(TwoLines);
        await page.Page.ReloadAsync();
        await Expect(page.Find("[name=answer]").First).ToHaveValueAsync(TwoLines);     // the draft
        await page.Find("[name=answer]").First.FocusAsync();
        await keyboard.PressAsync("Control+Enter");
        await page.Shows("[role=status]", "All done for now");
        Assert.Equal(TwoLines, Mine(project).Single().Result.Ideal);
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("Object.keys(localStorage).length"));
        await keyboard.PressAsync("u");
        await Expect(page.Find("[name=answer]").First).ToHaveValueAsync(TwoLines);
        await keyboard.PressAsync("Escape");
        await keyboard.PressAsync("s");
        await page.Shows("[role=status]", "All done for now");
        await page.Find("[name=prompt]").FillAsync("my prompt");
        await page.Find("[name=answer]").FillAsync("my answer");
        await keyboard.PressAsync("Control+Enter");
        await page.Shows(".hint", "2 by you");
        Assert.Equal(["my answer", null], Mine(project).Select(decision => decision.Result.Ideal));
    }

    [Fact]
    public async Task Steps_ByKeyboardOnAPhone_AreLabelledUpToTheFirstWrongOne()
    {
        var project = Project(new() { Task = TaskKind.Steps, RatingLevels = 3, CheckEvery = 0 }, ["one", Hostile, "three"]);
        await using var page = await Open(project);
        await page.Shows("h1", "Is each step right?");
        await page.Shows(".marked", "one");
        await page.Find("[title=right]").Last.ClickAsync();
        await page.Page.Keyboard.PressAsync("g");
        await Expect(page.Find("details.guidelines[open]")).ToHaveCountAsync(1);
        foreach (var key in (string[])["0", "ArrowDown", "ArrowUp", "-"])
            await page.Page.Keyboard.PressAsync(key);
        await page.Shows(".marked", "three");
        Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Shows("[role=status]", "All done for now");
        Assert.Equal([2, 1, 3], Mine(project).Single().Result.Ratings);
    }

    [Fact]
    public async Task Steps_SentBack_ShowTheReasonAndTheLabels()
    {
        var project = Project(new() { Task = TaskKind.Steps, RatingLevels = 3, CheckEvery = 0 }, ["one", "two"]);
        var (store, person) = (studio.Store, studio.Store.People.Local().Id);
        var showing = store.Queue.Next(project, person, 1).Items[0];
        var decision = store.Annotations.Submit(
            project, person, new(showing.Token, new() { Outcome = Outcome.Rated, Ratings = [1, null] }, 1))!.Annotation;
        using var visitor = new Visitor(studio.Address);
        var review = WebUtility.HtmlDecode(await visitor.Page($"/projects/{project.Id}/review"));
        Assert.Contains("1 wrong, 2 –", review);
        Assert.Contains("<h2 id=\"answer-1\">Step 2</h2>", review);
        Assert.Contains("selected>no label", review);
        store.Reviews.Reject(project, person, decision.Id, 1, seen: 0, SentTo.SamePerson, "The first step is right.");
        var page = await visitor.Page($"/projects/{project.Id}/task");
        Assert.Contains("The first step is right.", page);
        Assert.Contains("value=\"1\" checked", page);
    }

    Project Project(ProjectSettings settings, IReadOnlyList<string> answers)
    {
        var owner = studio.Store.People.Local().Id;
        var project = studio.Store.Projects.Add($"{settings.Task} {Guid.NewGuid():N}", settings with { Guidelines = "*Be exact.*" }, owner);
        studio.Store.Items.Add(project.Id, [new()
        {
            Prompt = JsonValue.Create(Hostile), Answers = [.. answers.Select(answer => new ItemResponse(JsonValue.Create(answer)))],
        }], owner);
        return project;
    }

    async Task<BrowserPage> Open(Project project)
    {
        var page = await browser.Open(studio.Address, new() { ViewportSize = new() { Width = 390, Height = 800 } });
        await page.Page.GotoAsync($"/projects/{project.Id}/annotate");
        return page;
    }

    IReadOnlyList<Annotation> Mine(Project project) => studio.Store.Annotations.Recent(project.Id, studio.Store.People.Local().Id, 9);
}
