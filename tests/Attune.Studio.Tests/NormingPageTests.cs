using System.Net;
using Attune.Store;
using Microsoft.Playwright;

namespace Attune.Studio.Tests;

/// <summary>A norming session in a real browser.</summary>
public sealed class NormingPageTests(Browser browser) : IAsyncLifetime
{
    const string Hostile = "<script>alert(1)</script>\u202Eevil";

    RunningStudio studio = null!;
    Project project = null!;

    public async ValueTask InitializeAsync()
    {
        studio = await RunningStudio.Start();
        project = studio.Project("hotel", new() { CheckEvery = 0 }, items: 6);
        var people = new[] { ("Rita", Role.Reviewer), ("Ann", Role.Annotator), ("Bob", Role.Annotator), ("Cleo", Role.Annotator) }
            .Select(person => studio.Store.People.Add(person.Item1, person.Item2).Id);
        studio.Store.Projects.SetMembers(project.Id, [.. people], studio.Store.People.Local().Id);
    }

    [Fact]
    public async Task Norming_StartedDecidedAndClosed_ShowsAllDecisionsAndLetsPeopleChangeTheirOwn()
    {
        await using var rita = await Open("Rita", ColorScheme.Light, 1200);
        await rita.Page.GotoAsync(Path("norming"));
        await rita.Page.GetByLabel("Title").FillAsync("Week 1 <script>alert(1)</script>");
        await rita.Page.GetByLabel("Or these items").FillAsync("4, 5-6");
        foreach (var name in new[] { "Rita", "Cleo" })
            await rita.Page.GetByLabel(name).UncheckAsync();
        await rita.Page.Keyboard.PressAsync("Enter");
        await rita.Shows("main", "Ann: 0 of 3 items");
        Decide("Ann", first: 0, "Because of " + Hostile);
        await using var ann = await Open("Ann", ColorScheme.Dark, 390);
        await ann.Page.GotoAsync(Path("norming/1"));
        await ann.Shows("main", "You have decided 3 of 3 items");
        Assert.DoesNotContain("Because of", await ann.Page.ContentAsync());       // not before everybody has decided
        Decide("Bob", first: 1, "No.");
        await ann.Page.ReloadAsync();
        await ann.Shows("main", "Krippendorff's alpha");
        await ann.Shows("main", "−0.67");
        await ann.Shows("main", "Because of <script>alert(1)</script>");
        Assert.True(await ann.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        var first = ann.Find("section.norming").First;
        await first.GetByText("Change my decision").ClickAsync();
        await first.GetByLabel("Equally good").CheckAsync();
        await first.GetByRole(AriaRole.Button, new() { Name = "Change it" }).ClickAsync();
        await ann.Shows("section.norming:first-of-type", "changed");
        await first.GetByText("Write a note").ClickAsync();
        await first.GetByLabel("Note").FillAsync("I had not seen the price. " + Hostile);
        await first.GetByRole(AriaRole.Button, new() { Name = "Add the note" }).ClickAsync();
        var bob = studio.Store.People.Find("Bob")!.Id;
        var withdrawn = studio.Store.Annotations.Undo(project, bob, studio.Store.Annotations.Last(project.Id, bob)!.Value)!;
        studio.Store.Annotations.Submit(project, bob, new(withdrawn.Item.Token, new() { Ranks = [0, 0] }, 1));
        await rita.Page.GotoAsync(Path("norming/1"));
        await rita.Shows("section.norming:last-of-type", "changed");
        await rita.Shows("main", "I had not seen the price.");
        Assert.DoesNotContain("Annotation {", await rita.Find("main").InnerTextAsync());
        Assert.Equal("Because of " + Hostile, studio.Store.Normings.Now(1)[0].Result.Rationale);

        using var cleo = await studio.SignIn("Cleo", Role.Annotator);
        Assert.Equal(HttpStatusCode.NotFound, (await cleo.Get($"/{Path("norming/1")}")).StatusCode);
        Assert.DoesNotContain("Week 1", await cleo.Page($"/{Path("norming")}"));
        var foreign = await cleo.Post($"/{Path("norming/1/items/4/notes")}", ("text", "I was not there."));
        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
    }

    void Decide(string name, int first, string rationale)
    {
        var person = studio.Store.People.Find(name)!.Id;
        foreach (var showing in studio.Store.Queue.Next(project, person, 3).Items)
            studio.Store.Annotations.Submit(project, person, new(showing.Token, new()
            {
                Ranks = [.. showing.Shown.Select(place => (int?)(place == first ? 0 : 1))], Rationale = rationale,
            }, 1));
    }

    async Task<BrowserPage> Open(string name, ColorScheme scheme, int width)
    {
        var page = await browser.Open(
            studio.Address, new() { ViewportSize = new() { Width = width, Height = 844 }, ColorScheme = scheme });
        await page.Page.GotoAsync($"join/{studio.Store.People.NewLink(studio.Store.People.Find(name)!.Id)}");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        return page;
    }

    string Path(string page) => $"projects/{project.Id}/{page}";

    public ValueTask DisposeAsync() => studio.DisposeAsync();
}
