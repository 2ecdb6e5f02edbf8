using System.Text.Json.Nodes;
using Attune.Store;
using Attune.Store.Import;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Attune.Studio.Tests;

/// <summary>The annotation page in a real browser.</summary>
public sealed class RankingPageTests(Browser browser, SharedStudio shared) : IClassFixture<SharedStudio>
{
    readonly RunningStudio studio = shared.Studio;

    [Fact]
    public async Task WhatIsDecidedWhileTheStudioIsDownIsSavedOnceItIsBack()
    {
        var project = studio.Project(Name(), new(), 10);
        await using var page = await OpenProject(project);
        await page.Press("ArrowLeft");
        await page.Shows("#mine", "1 by you");
        var port = studio.Address.Port;
        await studio.Stop();
        await page.Press("ArrowRight");
        await page.Shows("#saving", "Not saved yet, retrying");
        await studio.StartAgain(port);
        await page.Shows("#mine", "2 by you");
        await page.Press("x");
        await page.Shows("#mine", "3 by you");
        Assert.Equal([Outcome.AllBad, Outcome.Ranked, Outcome.Ranked], Mine(project).Select(decision => decision.Result.Outcome));
    }

    [Fact]
    public async Task ADecisionThatCouldNotBeSentSurvivesAReload()
    {
        var project = studio.Project(Name(), new(), 3);
        await using var page = await OpenProject(project);
        var lost = true;
        await page.Page.RouteAsync("**/decisions", route => lost ? route.AbortAsync() : route.ContinueAsync());
        await page.Press("ArrowLeft");
        await page.Shows("#saving", "Not saved yet, retrying");
        page.Page.Dialog += (_, dialog) => dialog.AcceptAsync();     // the browser asks before leaving with unsaved decisions
        await page.Page.ReloadAsync();
        Assert.Empty(Mine(project));
        lost = false;
        await page.Shows("#mine", "1 by you");
        Assert.Single(Mine(project));
    }

    [Fact]
    public async Task WhatWasWrittenAndRankedSurvivesAReloadAndIsGoneOnceDecided()
    {
        var project = studio.Project(Name(), new() { Task = TaskKind.Ranking }, 0);
        AddAnswers(project, 4);
        await using var page = await OpenProject(project);
        await page.Press("3");
        await page.Press("1");
        await page.Press("Shift+Digit2");
        await page.Press("r");
        await page.Page.Keyboard.TypeAsync("because 3");
        await page.Page.ReloadAsync();
        await page.Shows("#order", "1st");
        await Expect(page.Find("#rationale")).ToHaveValueAsync("because 3");
        await page.Press("Enter");
        await page.Shows("#mine", "1 by you");
        var decision = Mine(project).Single();
        Assert.Equal([1, 1, 0, null], decision.Result.AsShown(decision.Shown).Ranks!);
        Assert.Equal("because 3", decision.Result.Rationale);
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("Object.keys(localStorage).length"));
    }

    [Fact]
    public async Task Decide_CountsInTheProjectAtOnce()
    {
        var project = studio.Project(Name(), new(), 12);
        await using var page = await OpenProject(project);
        await page.Shows("#whole", "0 of 12 in the project");
        await page.Press("ArrowLeft");
        await page.Shows("#mine", "1 by you");
        await page.Shows("#whole", "1 of 12 in the project");
        await page.Press("u");
        await page.Shows("#whole", "0 of 12 in the project");
    }

    [Fact]
    public async Task Undo_ResponseIsLost_PressedAgainWithdrawsTheSameDecision()
    {
        var project = studio.Project(Name(), new(), 5);
        await using var page = await OpenProject(project);
        foreach (var count in new[] { 1, 2, 3 })
        {
            await page.Press("ArrowLeft");
            await page.Shows("#mine", $"{count} by you");
        }
        var lost = true;
        await page.Page.RouteAsync("**/undo", async route =>
        {
            await route.FetchAsync();
            await (lost ? route.AbortAsync() : route.ContinueAsync());
        });
        await page.Press("u");
        await page.Shows("#last", "The studio cannot be reached");
        lost = false;
        await page.Press("u");
        await page.Shows("#mine", "2 by you");
        Assert.Equal(2, Mine(project).Count);
    }

    [Fact]
    public async Task Decide_InTwoWindows_TheSecondIsNotCalledSaved()
    {
        var project = studio.Project(Name(), new(), 1);
        await using var page = await OpenProject(project);
        await using var other = await OpenProject(project);
        await page.Press("ArrowLeft");
        await page.Shows("#saving", "✓ Saved");
        await other.Press("ArrowRight");
        await other.Shows("#notice", "Not saved: Another decision on this item was saved before. Kept: A is better.");
        await other.Shows("#saving", "✗ Not saved");
        Assert.Single(Mine(project));
    }

    [Fact]
    public async Task WhatTheStudioDoesNotTakeComesBackOntoTheScreen()
    {
        var project = studio.Project(Name(), new() { Ties = true }, 3);
        await using var page = await OpenProject(project);
        var first = await page.Find(".answer .body").AllInnerTextsAsync();
        studio.Store.Projects.Change(project.Id, project.Name, project.Settings with { Ties = false }, studio.Store.People.Find("You")!.Id);
        await page.Press("r");
        await page.Page.Keyboard.TypeAsync("both fine");
        await page.Press("Escape");
        await page.Press("=");
        await page.Shows("#notice", "Not saved: this project does not allow ties");
        Assert.Equal(first, await page.Find(".answer .body").AllInnerTextsAsync());
        await Expect(page.Find("#rationale")).ToHaveValueAsync("both fine");
        await page.Press("ArrowLeft");
        await page.Shows("#mine", "1 by you");
        Assert.Equal("both fine", Mine(project).Single().Result.Rationale);
    }

    [Fact]
    public async Task AnEarlierAnswerIsChangedFromTheList()
    {
        var project = studio.Project(Name(), new(), 4);
        await using var page = await OpenProject(project);
        await page.Press("ArrowLeft");
        await page.Press("x");
        await page.Shows("#mine", "2 by you");
        await page.Press("h");
        await page.Shows("#history li >> nth=0", "Both bad");
        await page.Find("#history li >> nth=1 >> button").ClickAsync();
        await page.Shows("#ask", "Change an earlier decision");
        await Expect(page.Find(".choice.a")).ToHaveAttributeAsync("aria-pressed", "true");
        await page.Press("k");
        await page.Press("Enter");
        await page.Shows("#last", "Changed: A is better");
        await page.Shows("#saving", "✓ Saved");
        await page.Shows("#ask", "Which answer is better?");
        Assert.Equal([Flag.Broken], Mine(project)[1].Result.Flags);
        Assert.Equal(2, Mine(project)[1].Revision);
    }

    [Fact]
    public async Task AnswersAreDraggedIntoAnOrderAndMovedByArrows()
    {
        var project = studio.Project(Name(), new() { Task = TaskKind.Ranking }, 0);
        AddAnswers(project, 3);
        await using var page = await OpenProject(project);
        await Drag(page, ".answer[data-answer='1'] header .letter", ".gap.empty");
        await Drag(page, "[data-chip='0']", ".gap >> nth=1");
        await Drag(page, "[data-chip='2']", ".tier >> nth=0");
        await page.Find("[data-chip='0']").FocusAsync();
        await page.Press("ArrowLeft");
        await page.Press("ArrowLeft");
        await page.Shows("#last", "Answer 1: 1st");
        await page.Find("#keep").ClickAsync();
        await page.Shows("#mine", "1 by you");
        var decision = Mine(project).Single();
        Assert.Equal([0, 1, 1], decision.Result.AsShown(decision.Shown).Ranks!);
    }

    [Theory]
    [InlineData(4, "1", "4", "5", "8", 3, 0)]
    [InlineData(7, "1", "3", "5", "7", 3, 1)]
    [InlineData(9, "1", "4", "6", "9", 4, 1)]
    public async Task OneKeySaysWhichIsBetterAndByHowMuch(int levels, string farA, string nearA, string nearB, string farB, int far,
        int near)
    {
        var project = studio.Project(Name(), new() { StrengthLevels = levels }, 5);
        await using var page = await OpenProject(project);
        foreach (var (key, at) in new[] { farA, nearA, "=", nearB, farB }.Select((key, at) => (key, at)))
        {
            await page.Press(key);
            await page.Shows("#mine", $"{at + 1} by you");
        }
        await page.Shows("#done", "All done for now");
        var verdicts = Mine(project).Reverse().Select(decision => decision.Result.AsShown(decision.Shown)).ToList();
        Assert.Equal([[0, 1], [0, 1], [0, 0], [1, 0], [1, 0]], verdicts.Select(verdict => verdict.Ranks!));
        Assert.Equal([far, near, null, near, far], verdicts.Select(verdict => verdict.Strength));
    }

    [Fact]
    public async Task AnswersAreRatedByDigitsFromOneToTheNext()
    {
        var project = studio.Project(Name(), new() { Task = TaskKind.Rating, RatingLevels = 5 }, 0);
        AddAnswers(project, 3);
        await using var page = await OpenProject(project);
        foreach (var key in new[] { "4", "2", "Enter" })
            await page.Press(key);
        await page.Shows("#last", "Rate every answer first");
        foreach (var key in new[] { "5", "ArrowUp", "1", "Enter" })
            await page.Press(key);
        await page.Shows("#mine", "1 by you");
        var decision = Mine(project).Single();
        Assert.Equal([4, 1, 5], decision.Result.AsShown(decision.Shown).Ratings!);
    }

    [Fact]
    public async Task ACalibrationItemIsExplainedOnceItIsDecided()
    {
        var project = studio.Project(Name(), new() { CalibrationPass = 1 }, 2);
        studio.Store.Items.Add(project.Id, [new()
        {
            Kind = ItemKind.Calibration, Prompt = "known", Expected = [0, 1], Explanation = "The first is true.",
            Answers = [new("true", "a"), new("false", "b")],
        }], studio.Store.People.Find("You")!.Id);
        await using var page = await OpenProject(project);
        var isFirst = await page.Find(".answer >> nth=0").InnerTextAsync() is var text && text.Contains("true", StringComparison.Ordinal);
        await page.Press(isFirst ? "ArrowRight" : "ArrowLeft");
        await page.Shows("#known", "The known order is different");
        await page.Shows("#known", "The first is true.");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Shows("#uncalibrated", "The calibration round is over");
    }

    [Fact]
    public async Task TextOfAModelIsTextAndALongOneIsShownOnRequest()
    {
        var project = studio.Project(Name(), new(), 0);
        studio.Store.Items.Add(project.Id, [new()
        {
            Prompt = "<img src=x onerror=alert(1)>",
            Answers = [new("<script>alert(1)</script>", "a"), new(new string('x', 200_000) + " the end", "b")],
        }], studio.Store.People.Find("You")!.Id);
        await using var page = await OpenProject(project);
        await page.Shows("#prompt", "<img src=x onerror=alert(1)>");
        await page.Shows("#answers", "<script>alert(1)</script>");
        await Expect(page.Find("#answers")).Not.ToContainTextAsync("the end");
        await page.Press("e");
        await page.Shows("#answers", "the end");
    }

    [Theory]
    [InlineData(TaskKind.Pairwise)]
    [InlineData(TaskKind.Ranking)]
    [InlineData(TaskKind.Rating)]
    public async Task EveryControlHasANameAndAPhoneNeedsNoSidewaysScrolling(TaskKind task)
    {
        var project = studio.Project(Name(), new() { Task = task, RatingLevels = 9, StrengthLevels = 9, Guidelines = "Be *kind*." }, 3);
        await using var page =
            await OpenProject(project, new() { ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true });
        foreach (var key in new[] { "", "i", "Escape", "?", "Escape", "g", "Escape", "s", "Escape", "h" })
        {
            if (key != "")
                await page.Press(key);
            Assert.Empty(await page.Page.EvaluateAsync<string[]>("""
                () => [...document.querySelectorAll("button, a, input:not([type=hidden]), textarea, select, dialog, progress")]
                    .filter(e => e.checkVisibility() && !(e.ariaLabel || e.textContent.trim() || e.labels?.[0]?.textContent.trim()
                        || document.getElementById(e.getAttribute("aria-labelledby"))))
                    .map(e => e.outerHTML)
                """));
        }
        Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= 390"));
    }

    [Fact]
    public async Task Done_ImportedDecisions_SaysHowToHaveThemRankedAgain()
    {
        var project = studio.Project(Name(), new(), 0);
        var file = Path.Combine(studio.Folder, $"{project.Id}.jsonl");
        await File.WriteAllTextAsync(file, """{"prompt": "why?", "chosen": "so", "rejected": "no"}""" + "\n",
            TestContext.Current.CancellationToken);
        studio.Store.Imports.Add(project, ImportRows.Read(file, project.Settings), studio.Store.People.Find("You")!.Id);
        await using var page = await browser.Open(studio.Address);
        await page.Page.GotoAsync($"projects/{project.Id}/annotate");
        await page.Shows("#done", "1 decision came with the items when they were imported");
        await page.Shows("#done", "set “Annotators per item” to 2");
        studio.Store.Projects.Change(project.Id, project.Name, project.Settings with { Overlap = 2 }, studio.Store.People.Find("You")!.Id);
        await page.Find("#done [data-command=again]").ClickAsync();
        await page.Shows("#answers", "so");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task Phone_TwoAnswers_AreReadableAboveTheBar(int levels)
    {
        var project = studio.Project(Name(), new() { StrengthLevels = levels }, 3);
        await using var page =
            await OpenProject(project, new() { ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true });
        var bar = (await page.Find("#bar").BoundingBoxAsync())!;
        Assert.InRange(bar.Height, 60, 150);
        foreach (var answer in await page.Find(".answer").AllAsync())
            Assert.True((await answer.BoundingBoxAsync())!.Y + (await answer.BoundingBoxAsync())!.Height <= bar.Y);
        Assert.True(await page.Page.EvaluateAsync<bool>("[...document.querySelectorAll('kbd')].every(key => !key.checkVisibility())"));
    }

    async Task<BrowserPage> OpenProject(Project project, BrowserNewContextOptions? options = null)
    {
        var page = await browser.Open(studio.Address, options);
        await page.Page.GotoAsync($"projects/{project.Id}/annotate");
        await Expect(page.Find("#item")).ToBeVisibleAsync();
        return page;
    }

    void AddAnswers(Project project, int count) => studio.Store.Items.Add(project.Id, [.. Enumerable.Range(0, 2).Select(i => new Item
    {
        Prompt = JsonValue.Create($"prompt {i}"),
        Answers = [.. Enumerable.Range(0, count).Select(place => new ItemResponse(JsonValue.Create($"answer {place}"), "model"))],
    })], studio.Store.People.Find("You")!.Id);

    static async Task Drag(BrowserPage page, string from, string to)
    {
        await page.Find(from).HoverAsync();
        await page.Page.Mouse.DownAsync();
        var box = (await page.Find(to).BoundingBoxAsync())!;
        await page.Page.Mouse.MoveAsync(box.X + (box.Width / 2) - 20, box.Y + (box.Height / 2), new() { Steps = 2 });
        box = (await page.Find(to).BoundingBoxAsync())!;
        await page.Page.Mouse.MoveAsync(box.X + (box.Width / 2), box.Y + (box.Height / 2));
        await page.Page.Mouse.UpAsync();
    }

    static string Name() => $"hotel {Guid.NewGuid()}";

    IReadOnlyList<Annotation> Mine(Project project) =>
        studio.Store.Annotations.Recent(project.Id, studio.Store.People.Find("You")!.Id, 100);
}
