using System.Net;
using Attune.Store;
using Microsoft.Playwright;

namespace Attune.Studio.Tests;

/// <summary>The pages about the quality of the data.</summary>
public sealed class QualityTests(Browser browser) : IAsyncLifetime
{
    static readonly AnnotationResult Old = new() { Ranks = [0, 1] };
    static readonly AnnotationResult New = new() { Ranks = [1, 0] };

    RunningStudio studio = null!;
    Visitor reviewer = null!;
    Visitor ann = null!;
    Project project = null!;

    public async ValueTask InitializeAsync()
    {
        studio = await RunningStudio.Start();
        project = studio.Project("hotel", new() { CheckEvery = 0, Overlap = 2 }, items: 4);
        reviewer = await studio.SignIn("Rita", Role.Reviewer);
        ann = await studio.SignIn("Ann", Role.Annotator);
        studio.Store.People.Add("Bob", Role.Annotator);
        studio.Store.Projects.SetMembers(project.Id, [Person("Rita"), Person("Ann")], Person("You"));
    }

    [Fact]
    public async Task AgreementIsShownWithItsIntervalAndTheItemsItRestsOn()
    {
        Assert.Contains("No item has two decisions yet", await reviewer.Page(Path("agreement")));
        Decide("Ann", New, New, New, Old);
        Decide("Bob", New, New, Old, Old);
        var page = await reviewer.Page(Path("agreement"));
        Assert.Contains("From <strong>4 items</strong>", page);
        Assert.Contains("<strong>75 %</strong>", page);
        // Ann: 3 new, 1 old; Bob: 2 and 2. P = 3/4, Pₑ = (3·2 + 1·2)/16 = 1/2, κ = 1/2; Fleiss: π = 5/8, 3/8, Pₑ = 34/64, κ = 0.4667
        Assert.Contains(">0.50</span>", page);
        Assert.Contains("<strong>0.47</strong>", page);
    }

    [Fact]
    public async Task FiguresFollowWhatWasJustDecided()
    {
        Decide("Ann", New);
        Assert.Contains("No item", await reviewer.Page(Path("agreement")));
        Decide("Bob", New);
        Assert.Contains("From <strong>1 item</strong>", await reviewer.Page(Path("agreement")));
    }

    [Fact]
    public async Task APersonSeesTheirOwnFiguresAndAReviewerEveryones()
    {
        Decide("Ann", New, New);
        Decide("Bob", New, Old);
        var all = await reviewer.Page(Path("people"));
        Assert.Contains("<bdi>Ann</bdi></a>", all);
        Assert.Contains("<bdi>Bob</bdi></a>", all);
        var own = await ann.Page(Path("people"));
        Assert.Contains("<bdi>Ann</bdi></a>", own);
        Assert.DoesNotContain("Bob", own);
        Assert.DoesNotContain("ToString", all);
        Assert.Contains("50 %", own);                            // agrees with Bob on one of two
        foreach (var page in new[] { "agreement", "adjudicate", "leaderboard" })
            Assert.Equal(HttpStatusCode.Forbidden, (await ann.Get(Path(page))).StatusCode);
    }

    [Fact]
    public async Task AReviewerSettlesWhatPeopleDisagreeAbout()
    {
        Decide("Ann", New, New with { Rationale = "<script>alert(1)</script>" });
        Decide("Bob", New, Old);
        var page = await reviewer.Page(Path("adjudicate"));
        Assert.Contains("1 item with disagreement", page);
        Assert.Contains("old answer 1", page);
        Assert.Contains("B better", page);
        Assert.Contains("&lt;script&gt;", page);
        Assert.DoesNotContain("<script>alert", page);
        var item = studio.Store.Adjudications.Next(project.Id)!.Value;
        var after = await reviewer.Post(Path($"adjudicate/{item}"), ("choice", "first"), ("seen", "0"), ("rationale", "It answers."));
        Assert.Contains("Nothing to adjudicate", await after.Content.ReadAsStringAsync());
        var settled = studio.Store.Annotations.ForItem(project.Id, item).Single(decision => decision.Adjudicates);
        Assert.Equal((Person("Rita"), "It answers."), (settled.Person, settled.Result.Rationale));
        Assert.Equal([0, 1], settled.Result.Ranks!);
        Assert.Contains("Decided by Rita: A better", await reviewer.Page(Path($"adjudicate?item={item}")));
        var again = await reviewer.Post(Path($"adjudicate/{item}"), ("choice", "second"), ("seen", "0"));
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.Post(Path($"adjudicate/{item}"), ("choice", "tie"), ("seen", "0"))).StatusCode);
    }

    [Fact]
    public async Task ARankingAndARatingAreSettledByTheirForms()
    {
        var ranking = studio.Project("ranking", new() { Task = TaskKind.Ranking }, items: 1);
        var rating = studio.Project("rating", new() { Task = TaskKind.Rating, RatingLevels = 5 }, items: 1);
        using var owner = await studio.SignIn("You", Role.Owner);
        Assert.Equal([1, 0], (await Settle(ranking, ("value", "1"), ("value", "0"))).Ranks!);
        Assert.Equal(Outcome.AllBad, (await Settle(ranking, ("value", "0"), ("value", "1"), ("choice", "bad"))).Outcome);
        Assert.Equal([4, 2], (await Settle(rating, ("value", "4"), ("value", "2"))).Ratings!);

        async Task<AnnotationResult> Settle(Project of, params (string, string)[] fields)
        {
            var item = studio.Store.Items.Page(of.Id, 0, 1)[0].Id;
            Assert.Contains("decision</button>", await owner.Page($"/projects/{of.Id}/adjudicate?item={item}"));
            var seen = studio.Store.Annotations.ForItem(of.Id, item).SingleOrDefault()?.Id ?? 0;
            var after = await owner.Post($"/projects/{of.Id}/adjudicate/{item}", [.. fields, ("seen", $"{seen}")]);
            Assert.Contains("Latest adjudications", await after.Content.ReadAsStringAsync());
            return studio.Store.Annotations.ForItem(of.Id, item).Single().Result;
        }
    }

    [Fact]
    public async Task ModelsStandByTheirStrength()
    {
        Assert.Contains("no comparison yet", await reviewer.Page(Path("leaderboard")));
        Decide("Ann", New, New, New, Old);
        var page = await reviewer.Page(Path("leaderboard"));
        Assert.True(page.IndexOf("<bdi>new</bdi>", StringComparison.Ordinal) < page.IndexOf("<bdi>old</bdi>", StringComparison.Ordinal));
        Assert.Contains("75 % <small class=\"faint\">4</small>", page);
        Assert.DoesNotContain("Effects of style", page);
        Assert.Contains("no two compared responses differ in it", await reviewer.Page(Path("leaderboard?equal=length")));
    }

    [Fact]
    public async Task Leaderboard_FourVotesOfOneAnnotator_SaysThatTheyAreTooFew()
    {
        Decide("Ann", New, New, New, Old);
        var page = await reviewer.Page(Path("leaderboard"));
        Assert.Contains("<bdi>new</bdi> and <bdi>old</bdi>: 4", page);
        Assert.Contains("too few votes", page);
        Assert.Contains("the most active one has 100 % of the votes", page);
        Assert.Contains("one annotator decides", page);
        Assert.Equal(2, Rows(page).Count(row => row.StartsWith("<td class=\"number\">1</td>", StringComparison.Ordinal)));

        static IEnumerable<string> Rows(string page) => page.Split("<tr>").Select(row => row.TrimStart());
    }

    [Fact]
    public async Task Pages_OnAPhone_AreNotWiderThanTheScreen()
    {
        Decide("Ann", New, New, New, Old);
        Decide("Bob", New, New, Old, Old);
        await using var page = await browser.Open(
            studio.Address, new() { ViewportSize = new() { Width = 390, Height = 844 }, ColorScheme = ColorScheme.Dark });
        await page.Page.GotoAsync($"join/{studio.Store.People.NewLink(Person("Rita"))}");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        foreach (var (name, text) in new[]
        {
            ("agreement", "Gwet’s AC2"), ("people", "Ability"), ("leaderboard", "Checks of the votes"), ("export", "weighted by ability"),
        })
        {
            await page.Page.GotoAsync(Path(name)[1..]);
            await page.Shows("main", text);
            Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= 390"), name);
        }
    }

    [Fact]
    public async Task People_ReviewerSeesAbilities_AnnotatorDoesNot()
    {
        Decide("Ann", New, New, New, Old);
        Decide("Bob", New, New, Old, Old);
        Assert.Contains("Ability</th>", await reviewer.Page(Path("people")));
        Assert.DoesNotContain("Ability", await ann.Page(Path("people")));
    }

    [Fact]
    public async Task Export_WeightedByAbility_SaysWhatIsMissingAndWhatIsExported()
    {
        var refused = await reviewer.Get(Path("export?votes=ability"));
        Assert.Contains("two decisions or more", await refused.Content.ReadAsStringAsync());
        Decide("Ann", New, New, New, Old);
        Decide("Bob", New, New, Old, Old);
        var page = await reviewer.Page(Path("export?votes=ability&heldOut=0"));
        Assert.Contains("<option value=\"ability\" selected", page);
    }

    string Path(string page) => $"/projects/{project.Id}/{page}";

    long Person(string name) => studio.Store.People.Find(name)!.Id;

    void Decide(string person, params IReadOnlyList<AnnotationResult> verdicts)
    {
        foreach (var (i, showing) in studio.Store.Queue.Next(project, Person(person), verdicts.Count).Items.Index())
            Assert.NotNull(
                studio.Store.Annotations.Submit(project, Person(person), new(showing.Token, verdicts[i].AsShown(showing.Shown), 1)));
    }

    public async ValueTask DisposeAsync()
    {
        reviewer.Dispose();
        ann.Dispose();
        await studio.DisposeAsync();
    }
}
