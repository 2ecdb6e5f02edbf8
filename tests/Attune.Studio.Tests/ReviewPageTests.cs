using System.Net;
using Attune.Store;
using Microsoft.Playwright;

namespace Attune.Studio.Tests;

/// <summary>The review of decisions, and what a person learns from it, in a real browser.</summary>
public sealed class ReviewPageTests(Browser browser) : IAsyncLifetime
{
    const string Hostile = "<script>alert(1)</script>\u202Eevil <img src=x onerror=alert(1)>";

    static readonly AnnotationResult Old = new() { Ranks = [0, 1] };
    static readonly AnnotationResult New = new() { Ranks = [1, 0], Rationale = Hostile, Flags = [Flag.Unsafe] };

    RunningStudio studio = null!;
    Project project = null!;

    public async ValueTask InitializeAsync()
    {
        studio = await RunningStudio.Start();
        project = studio.Project("hotel", new() { CheckEvery = 0, Overlap = 3 }, items: 3);
        var people = new[] { ("Rita", Role.Reviewer), ("Ann", Role.Annotator), ("Bob <b onclick=alert(1)>", Role.Annotator),
            ("Cleo", Role.Annotator) }.Select(person => studio.Store.People.Add(person.Item1, person.Item2)).ToList();
        studio.Store.Projects.SetMembers(project.Id, [.. people.Select(person => person.Id)], studio.Store.People.Local().Id);
        Decide(people[1], Old, New, Old);
        Decide(people[2], Old, Old, Old);
        Decide(people[3], Old, Old, New);
    }

    [Fact]
    public async Task Review_ByKeyboard_AcceptsCorrectsRejectsAndTellsThePerson()
    {
        await using var page = await Open("Rita", ColorScheme.Light, 1200);
        await page.Page.GotoAsync(Path("review"));
        await page.Shows("main", "9 decisions to review");
        await page.Shows("#decision", "Ann: B better");                 // the two decisions against the other two come first
        await page.Shows("main", "Agrees with 0 % of the other decisions");
        await page.Page.Keyboard.PressAsync("r");
        await page.Page.Keyboard.TypeAsync("A answers the question. " + Hostile);
        await page.Page.Keyboard.PressAsync("Control+Enter");
        await page.Shows("main", "8 decisions to review");
        await page.Shows("main", "Sent back and not decided again yet");
        await page.Shows("#decision", "Cleo: B better");
        await page.Page.Keyboard.PressAsync("c");
        await page.Page.Keyboard.PressAsync("ArrowUp");                  // from "B is better" to "A is better"
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Shows("main", "7 decisions to review");
        await page.Shows("#decision", "Ann: A better");
        await page.Page.Keyboard.PressAsync("n");
        await page.Shows("#decision", "Bob");
        await page.Page.Keyboard.PressAsync("a");
        await page.Shows("main", "6 decisions to review");
        Assert.Equal([0, 1], studio.Store.Annotations.ForItem(project.Id, 3).Single(each => each.Adjudicates).Result.Ranks!);
        var kept = studio.Store.Reviews.Newest(project.Id, 10);
        Assert.Equal([ReviewState.Accepted, ReviewState.Corrected, ReviewState.Rejected], kept.Select(review => review.State));
        await page.Page.GotoAsync(Path($"people/{Person("Ann")}"));
        await page.Shows("main", "Rejected and corrected");
        await page.Page.GotoAsync(Path("review?flag=any"));
        await page.Shows("main", "There is nothing to review");

        await using var ann = await Open("Ann", ColorScheme.Dark, 390);
        await ann.Page.GotoAsync(Path("feedback"));
        await ann.Shows("main", "A answers the question. <script>alert(1)</script>");
        await ann.Shows("main", "sent back to you");
        Assert.DoesNotContain("Item ", await ann.Find("main").InnerTextAsync());       // an item's number would tell checks apart
        await AssertFits(ann);
        await ann.Page.GotoAsync(Path("annotate"));
        await ann.Shows("#sent-back", "A reviewer sent this item back to you. Your decision was: ");
        await ann.Shows("#sent-back", "A answers the question.");
        await AssertFits(ann);
        await ann.Press("ArrowLeft");
        await ann.Shows("#mine", "3 by you");
        Assert.Equal(HttpStatusCode.Forbidden, (HttpStatusCode)(await ann.Page.GotoAsync(Path($"people/{Person("Cleo")}")))!.Status);

        await using var phone = await Open("Rita", ColorScheme.Dark, 390);
        await phone.Page.GotoAsync(Path("review"));
        await phone.Shows("main", "7 decisions to review");
        await AssertFits(phone);
    }

    [Fact]
    public async Task Review_WithoutScripts_FormsWorkAndStaleOnesAreRefused()
    {
        using var rita = await studio.SignIn("Rita", Role.Reviewer);
        var first = studio.Store.Reviews.Unreviewed(project.Id, new())[0];
        var path = $"/{Path($"review/{first.Id}/")}";
        var accepted = await rita.Post($"{path}accept?order=oldest", ("revision", "1"), ("seen", "0"));
        Assert.Contains("8 decisions to review", await accepted.Content.ReadAsStringAsync());
        Assert.Equal("?order=oldest", accepted.RequestMessage!.RequestUri!.Query);
        var again = await rita.Post($"{path}reject", ("revision", "1"), ("seen", "0"), ("to", "Nobody"), ("reason", "No."));
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);
        Assert.Contains("in the meantime", await again.Content.ReadAsStringAsync());
        var seen = studio.Store.Reviews.Newest(project.Id, 1)[0].Id;
        Assert.Contains("accepted on", await rita.Page($"/{Path($"review?decision={first.Id}")}"));
        var corrected = await rita.Post($"{path}correct", ("revision", "1"), ("seen", $"{seen}"), ("settled", "0"), ("choice", "tie"),
            ("reason", "Both."));
        Assert.True(corrected.IsSuccessStatusCode);
        Assert.Equal([0, 0], studio.Store.Annotations.ForItem(project.Id, first.Item).Single(each => each.Adjudicates).Result.Ranks);
        var page = await rita.Page($"/{Path($"review?decision={first.Id}")}");
        Assert.Contains("The correction replaces the votes", page);
        Assert.DoesNotContain("/accept", page);
        Assert.DoesNotContain("/reject", page);
        var second = studio.Store.Reviews.Unreviewed(project.Id, new())[0].Id;
        var rejected = await rita.Post($"/{Path($"review/{second}/reject")}", ("revision", "1"), ("seen", "0"), ("to", "SamePerson"),
            ("reason", "No."));
        Assert.Contains("Give to another person", await rejected.Content.ReadAsStringAsync());
        var passed = await rita.Post($"/{Path("review/waiting")}", ("review", $"{studio.Store.Reviews.Waiting(project.Id)[0].Id}"));
        Assert.DoesNotContain("Give to another person", await passed.Content.ReadAsStringAsync());
        Assert.Contains("accepted, and adjudications", await rita.Page($"/{Path("export?reviewed=only")}"));
        Assert.Equal(HttpStatusCode.BadRequest, (await rita.Get($"/{Path("review?share=0")}")).StatusCode);
    }

    [Fact]
    public async Task People_AgreementFell_IsMarkedAndShownOverTime()
    {
        var owner = studio.Store.People.Local();
        project = studio.Project("long", new() { CheckEvery = 0, Overlap = 2 }, items: 80);
        Decide(studio.Store.People.Find("Ann")!, [.. Enumerable.Repeat(Old, 60), .. Enumerable.Repeat(New, 20)]);
        Decide(studio.Store.People.Find("Cleo")!, [.. Enumerable.Repeat(Old, 80)]);
        studio.Store.Projects.SetMembers(project.Id, [Person("Ann"), Person("Rita")], owner.Id);
        using var rita = await studio.SignIn("Rita", Role.Reviewer);
        Assert.Contains("changed</span>", await rita.Page($"/{Path("people")}"));
        var page = await rita.Page($"/{Path($"people/{Person("Ann")}")}");
        Assert.Contains("the newest 20 decisions differ from", page);
        Assert.Contains("Chance alone hardly explains this.", page);
        Assert.Contains("<svg", page);
        Assert.Contains("Known items right: shown from 10 decisions on", page);
        using var ann = await studio.SignIn("Ann", Role.Annotator);
        var own = await ann.Page($"/{Path("feedback")}");
        Assert.Contains("the newest 20 decisions differ from", own);
        Assert.DoesNotContain("Known items", own);
        Assert.DoesNotContain("attention check", own);
    }

    [Fact]
    public async Task Calibration_NotPassed_PersonSeesTheResultAndAReviewerLetsThemRepeat()
    {
        var round = studio.Project("round", new() { CheckEvery = 0, CalibrationPass = 1 }, items: 1);
        studio.Store.Items.Add(round.Id, [.. new[] { "one", "two" }.Select(prompt => new Item
        {
            Kind = ItemKind.Calibration, Prompt = prompt, Expected = [0, 1], Explanation = Hostile,
            Answers = [new("right"), new("wrong")],
        })], studio.Store.People.Local().Id);
        studio.Store.Projects.SetMembers(round.Id, [Person("Ann"), Person("Rita")], studio.Store.People.Local().Id);
        await using var ann = await Open("Ann", ColorScheme.Dark, 390);
        await ann.Page.GotoAsync($"projects/{round.Id}/annotate");
        await ann.Press("=");
        await ann.Shows("#known", "Calibration round: 1 of 2 items decided, 0 right; 2 must be right.");
        await ann.Page.Keyboard.PressAsync("Escape");
        await ann.Press("=");
        await ann.Shows("#known", "You have not passed.");
        await ann.Page.Keyboard.PressAsync("Escape");
        await ann.Shows("#uncalibrated", "2 of 2 items decided, 0 right; 2 must be right. You have not passed.");
        using var rita = await studio.SignIn("Rita", Role.Reviewer);
        Assert.Contains("not passed", await rita.Page($"/projects/{round.Id}/people"));
        var after = await rita.Post($"/projects/{round.Id}/people/{Person("Ann")}/calibration");
        Assert.Contains("not begun", await after.Content.ReadAsStringAsync());
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Check again" }).ClickAsync();
        await ann.Shows("#item", "Which answer is better?");
    }

    async Task<BrowserPage> Open(string name, ColorScheme scheme, int width)
    {
        var page = await browser.Open(
            studio.Address, new() { ViewportSize = new() { Width = width, Height = 844 }, ColorScheme = scheme });
        await page.Page.GotoAsync($"join/{studio.Store.People.NewLink(Person(name))}");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        return page;
    }

    static async Task AssertFits(BrowserPage page) =>
        Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));

    string Path(string page) => $"projects/{project.Id}/{page}";

    long Person(string name) => studio.Store.People.Find(name)!.Id;

    void Decide(Person person, params IReadOnlyList<AnnotationResult> results)
    {
        foreach (var (i, showing) in studio.Store.Queue.Next(project, person.Id, results.Count).Items.Index())
            studio.Store.Annotations.Submit(project, person.Id, new(showing.Token, results[i].AsShown(showing.Shown), 1));
    }

    public ValueTask DisposeAsync() => studio.DisposeAsync();
}
