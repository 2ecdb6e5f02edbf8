using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Store;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Attune.Studio.Tests;

/// <summary>A team's whole workflow, from sign-in to training, in a real browser.</summary>
public sealed class WholeWayTests(Browser browser)
{
    const int Items = 21;

    [Fact]
    public async Task PeopleRankByKeyboardAndARewardModelLearnsFromIt()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new() { CheckEvery = 0, Overlap = 2 }, Items);
        var (ann, bob) = (Member(studio, project, "Ann"), Member(studio, project, "Bob"));
        await using (var page = await SignIn(studio, ann))
        {
            await page.Page.GetByRole(AriaRole.Link, new() { Name = "hotel" }).First.ClickAsync();
            await page.Page.GetByRole(AriaRole.Link, new() { Name = "Rank" }).First.ClickAsync();
            await RankTwenty(studio, page);
        }
        AssertWhatAnnSaid(studio, project, ann);
        while (studio.Store.Queue.Next(project, bob.Id, 1).Items is [var showing, ..])
            studio.Store.Annotations.Submit(project, bob.Id,
                new(showing.Token, new() { Ranks = [1 - showing.Shown[0], 1 - showing.Shown[1]] }, 2));

        await using var owner = await SignIn(studio, studio.Store.People.Find("You")!);
        await owner.Page.GotoAsync($"projects/{project.Id}/agreement");
        await owner.Shows("main", "Krippendorff");
        await owner.Shows("main", "19 items");
        await Export(studio, project, owner);
        await Train(studio, project, owner);
    }

    /// <summary>
    /// Leaves out the item that Ann flagged and the one with two different votes; no prompt is held out.
    /// </summary>
    static async Task Export(RunningStudio studio, Project project, BrowserPage owner)
    {
        await owner.Page.GotoAsync($"projects/{project.Id}/export");
        await owner.Find("[name=heldOut]").FillAsync("0");
        await owner.Page.GetByRole(AriaRole.Button, new() { Name = "Update counts", Exact = true }).ClickAsync();
        await owner.Shows(".figures", $"{Items - 2} prompts for training");
        await owner.Page.GetByRole(AriaRole.Button, new() { Name = "Save a snapshot" }).ClickAsync();
        await owner.Shows("main", "train.jsonl");
        var rows = File.ReadAllLines(Directory.GetFiles(studio.Folder, "train.jsonl", SearchOption.AllDirectories).Single());
        Assert.All(rows, row => Assert.Contains("\"chosen\":\"new answer", row.Replace(": ", ":")));
    }

    static async Task Train(RunningStudio studio, Project project, BrowserPage owner)
    {
        await owner.Page.GotoAsync($"projects/{project.Id}/loop");
        var step = owner.Find("details:has(summary:has-text('Train on the decisions'))");
        await step.EvaluateAsync("details => details.open = true");
        await step.Locator("[name=modelPath]").FillAsync(TinyPolicy(studio));
        await step.GetByRole(AriaRole.Button, new() { Name = "Review the recipe" }).ClickAsync();
        await owner.Page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await owner.Shows("main .badge", "done");
        await owner.Page.GetByRole(AriaRole.Link, new() { Name = "Show curves" }).ClickAsync();
        await owner.Shows("#curves", "Curves");
        await Expect(owner.Find(".curves svg").First).ToBeVisibleAsync();
    }

    static string TinyPolicy(RunningStudio studio)
    {
        var path = Path.Combine(studio.Folder, "tiny");
        using var random = new RandomSource(1);
        var tokenizer = TinyData.Tokenizer;
        var config = new ModelShape { Family = "gpt2", Layers = 1, Width = 32, Heads = 2, Context = 64 }
            .ToConfig(tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);
        ModelFolder.Save(path, Pretrained.NewLanguageModel(config, random), tokenizer);
        return path;
    }

    [Fact]
    public async Task WhoIsSignedOutKeepsWhatWasDecidedAndGoesOnBehindTheNextSignIn()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new(), 4);
        var ann = Member(studio, project, "Ann");
        await using var page = await SignIn(studio, ann);
        await page.Page.GotoAsync($"projects/{project.Id}/annotate");
        await page.Shows("#ask", "Which answer is better?");
        var link = studio.Store.People.NewLink(ann.Id);     // ends older sessions
        await page.Press("ArrowLeft");
        await page.Shows("#notice", "You are signed out.");
        var tab = await page.Page.Context.NewPageAsync();
        await tab.GotoAsync($"join/{link}");
        await tab.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.Shows("#mine", "1 by you");
        await page.Shows("#saving", "✓ Saved");
        Assert.Single(studio.Store.Annotations.Recent(project.Id, ann.Id, 10));
    }

    /// <summary>
    /// Twenty decisions, each by one key; the sixth a skip, the eleventh flagged, the twelfth undone; the studio is started again after
    /// the fifteenth.
    /// </summary>
    static async Task RankTwenty(RunningStudio studio, BrowserPage page)
    {
        await Expect(page.Find("#item")).ToBeVisibleAsync();
        for (var i = 1; i <= 20; i++)
        {
            if (i == 11)
                await page.Press("n");
            await page.Press(i == 6 ? "s" : await Better(page));
            if (i == 6)
                await page.Press("2");
            await page.Shows("#mine", $"{i} by you");
            if (i == 12)
                await TakeBack(page);
            if (i == 15)
                await Restart(studio);
        }
    }

    /// <summary>The key of the answer that the new model wrote.</summary>
    static async Task<string> Better(BrowserPage page) =>
        (await page.Find("#item:visible .answer >> nth=0").InnerTextAsync()).Contains("new", StringComparison.Ordinal) ? "ArrowLeft"
            : "ArrowRight";

    static async Task TakeBack(BrowserPage page)
    {
        await page.Press("u");
        await page.Shows("#mine", "11 by you");
        await page.Shows(".answer.chosen", "new answer");
        await page.Press("=");
        await page.Shows("#mine", "12 by you");
    }

    static async Task Restart(RunningStudio studio)
    {
        var port = studio.Address.Port;
        await studio.Stop();
        await studio.StartAgain(port);
    }

    static void AssertWhatAnnSaid(RunningStudio studio, Project project, Person ann)
    {
        var said = studio.Store.Annotations.Recent(project.Id, ann.Id, 100);
        Assert.Equal(20, said.Count);
        Assert.Equal("The prompt is unclear",
            Assert.Single(said, decision => decision.Result.Outcome == Outcome.Skipped).Result.SkipReason);
        Assert.Equal([Flag.Unsafe], Assert.Single(said, decision => decision.Result.Flags.Count > 0).Result.Flags);
        Assert.Single(said, decision => decision.Result.Ranks is [0, 0]);
        Assert.Equal(18, said.Count(decision => decision.Result.Ranks is [1, 0]));
        Assert.All(said, decision => Assert.InRange(decision.Seconds, 0, 60));
    }

    async Task<BrowserPage> SignIn(RunningStudio studio, Person person)
    {
        var page = await browser.Open(studio.Address);
        await page.Page.GotoAsync($"join/{studio.Store.People.NewLink(person.Id)}");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.Shows("main", "hotel");
        return page;
    }

    static Person Member(RunningStudio studio, Project project, string name)
    {
        var person = studio.Store.People.Add(name, Role.Annotator);
        studio.Store.Projects.SetMembers(project.Id, [.. studio.Store.Projects.Members(project.Id), person.Id], person.Id);
        return person;
    }
}
