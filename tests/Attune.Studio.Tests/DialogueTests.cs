using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Attune.Store;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Attune.Studio.Tests;

/// <summary>Conversations with models, of which a double is slow, dead, or ends in between.</summary>
public sealed class DialogueTests(Browser browser) : IAsyncLifetime
{
    const string Hostile = "<script>alert(1)</script> \u202Eevil <img src=x onerror=alert(1)>";

    ModelDouble model = null!;
    RunningStudio studio = null!;
    Visitor visitor = null!;

    public async ValueTask InitializeAsync()
    {
        model = await ModelDouble.Start();
        studio = await RunningStudio.Start(model.Command);
        visitor = new(studio.Address);
    }

    [Fact]
    public async Task Message_ModelIsSlow_IsSavedAndTheQueueIsShown()
    {
        var (project, go) = (Project(), new TaskCompletionSource());
        model.Answer = async (messages, _) =>
        {
            await go.Task;
            return "late";
        };
        for (var at = 0; at < 10; at++)
            await Say(project, $"message {at}");
        var last = studio.Store.Dialogues.Newest(project.Id, null, 1)[0];
        Assert.Equal("message 9", last.Opening);
        await Until(async () => (await visitor.Page(State(project, last.Id))).Contains("\"before\":2", StringComparison.Ordinal));
        go.SetResult();
        await Until(async () => (await visitor.Page(State(project, last.Id))).Contains("Answered", StringComparison.Ordinal));
        Assert.Single(model.Processes);
    }

    [Fact]
    public async Task Message_ModelServerEndsMeanwhile_IsAnsweredByANewOne()
    {
        var project = Project();
        model.Answer = (_, _) =>
        {
            if (model.Requests > 1)
                return Task.FromResult("again");
            Process.GetProcessById(model.Processes[0]).Kill();
            throw new InvalidOperationException("it has died");
        };
        var page = await Answered(await Say(project, "hello"));
        Assert.Contains("again", page);
        Assert.Equal(2, model.Processes.Count);
    }

    [Fact]
    public async Task Message_ModelIsDead_IsKeptAndAnsweredWhenItIsBack()
    {
        var project = Project();
        model.Break();
        var address = await Say(project, "keep me");
        await Until(async () => (await visitor.Page(address)).Contains("did not answer", StringComparison.Ordinal));
        var page = await visitor.Page(address);
        Assert.Contains("the model is damaged", page);
        Assert.Contains("keep me", page);
        model.Mend();
        await studio.Stop();
        await studio.StartAgain(port: 0);
        using var again = new Visitor(studio.Address);
        (await again.Post(address.Replace("?turn=", "/turns/", StringComparison.Ordinal) + "/retry")).EnsureSuccessStatusCode();
        await Until(async () => (await again.Page(address)).Contains("keep me 2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Message_ItsFailureCannotBeSaved_IsTriedAgain()
    {
        await using var other = await RunningStudio.Start(
            model.Command, options => options with { ModelServers = new() { AtOnce = 1 } });
        using var writer = new Visitor(other.Address);
        var project = Project(other);
        model.Break();
        other.Execute("CREATE TRIGGER full BEFORE UPDATE ON dialogue_turn BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
        var address = await Say(project, "hello", writer);
        await Until(async () => (await writer.Page(address)).Contains("are answering", StringComparison.Ordinal)
            && model.Processes.Count > 1);
    }

    [Fact]
    public async Task Message_EndedServerCannotBeReplaced_IsAnsweredWhenThatIsPossible()
    {
        var project = Project(template: "{{ messages }}");
        await Answered(await Say(project, "one"));
        using (var process = Process.GetProcessById(model.Processes[0]))
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        var templates = Path.Combine(studio.Folder, "studio", "chat-templates");
        Directory.Delete(templates, recursive: true);
        File.WriteAllText(templates, "a file");
        var address = await Say(project, "two");
        await Until(async () => (await visitor.Page(address)).Contains("did not answer", StringComparison.Ordinal));
        File.Delete(templates);
        await Answered(await Say(project, "three"));
    }

    [Fact]
    public async Task Stop_EndsTheModelServers()
    {
        var project = Project();
        await Answered(await Say(project, "hello"));
        using var process = Process.GetProcessById(model.Processes.Single());
        await studio.Stop();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        await studio.StartAgain(port: 0);
    }

    [Fact]
    public async Task Conversation_OfAnotherAnnotator_IsNotShown()
    {
        var project = Project();
        var address = await Say(project, "private");
        using var ann = await studio.SignIn("Ann", Role.Annotator);
        using var rob = await studio.SignIn("Rob", Role.Reviewer);
        studio.Store.Projects.SetMembers(project.Id,
            [studio.Store.People.Find("Ann")!.Id, studio.Store.People.Find("Rob")!.Id], studio.Store.People.Local().Id);
        using var refused = await ann.Get(address);
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.DoesNotContain("private", await ann.Page($"/projects/{project.Id}/dialogues"));
        Assert.Contains("private", await rob.Page(address));
        using var written = await rob.Post($"{address.Split('?')[0]}/turns/1/choice", ("choice", "a1"));
        Assert.Equal(HttpStatusCode.BadRequest, written.StatusCode);
    }

    [Fact]
    public async Task Api_OfTheAnnotationPage_GivesNoTurnsOfConversations()
    {
        var project = Project();
        var address = await Say(project, "private");
        await Answered(address);
        using var ann = await studio.SignIn("Ann", Role.Annotator);
        using var you = await studio.SignIn("You", Role.Owner);
        studio.Store.Projects.SetMembers(project.Id, [studio.Store.People.Find("Ann")!.Id], studio.Store.People.Local().Id);
        using var next = await ann.Send(HttpMethod.Post, $"/api/projects/{project.Id}/next", JsonContent.Create(new { count = 5 }));
        Assert.DoesNotContain("private", await next.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        (await you.Post(address.Replace("?turn=", "/turns/", StringComparison.Ordinal) + "/choice", ("choice", "a1")))
            .EnsureSuccessStatusCode();
        using var undo = await you.Send(HttpMethod.Post, $"/api/projects/{project.Id}/undo", JsonContent.Create(new { decision = 1 }));
        Assert.Equal(HttpStatusCode.BadRequest, undo.StatusCode);
        Assert.Contains("changed on its page", await undo.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Pages_ByKeyboard_GoFromAMessageToABranch()
    {
        var project = Project();
        model.Answer = (messages, at) => Task.FromResult(
            $"<think>{Hostile}</think>{(messages.Count == 1 ? Hostile : "reply")} {(at == 0 ? "first" : "second")}");
        await using var page = await browser.Open(studio.Address, new()
        {
            ViewportSize = new() { Width = 390, Height = 800 }, ColorScheme = ColorScheme.Dark,
        });
        var keyboard = page.Page.Keyboard;
        await page.Page.GotoAsync($"/projects/{project.Id}/annotate");
        await keyboard.PressAsync("i");
        await keyboard.TypeAsync(Hostile);
        await page.Page.ReloadAsync();
        await Expect(page.Find("textarea")).ToHaveValueAsync(Hostile);     // the draft
        await keyboard.PressAsync("i");
        await keyboard.PressAsync("Control+Enter");
        await page.Shows(".choice-form h2", "Which answer is better?");
        await page.Shows(".answers", Hostile);
        await Expect(page.Find("details.fold[open]")).ToHaveCountAsync(0);
        await keyboard.PressAsync("e");
        await Expect(page.Find("details.fold[open]")).ToHaveCountAsync(2);
        await keyboard.PressAsync("6");
        await page.Shows("[role=status]", "B is better");
        await page.Find("[name=message]").FillAsync("go on");
        await keyboard.PressAsync("Control+Enter");
        await page.Shows(".answers", "reply");
        await page.Find("text=Edit A").ClickAsync();
        await keyboard.PressAsync("End");
        await keyboard.TypeAsync("!");
        await keyboard.PressAsync("Escape");
        await keyboard.PressAsync("1");
        await page.Shows("[role=status]", "A is much better, and wrote:");
        await page.Find("text=Both answers, and other branches").ClickAsync();
        await page.Find("[name=message]").FillAsync("another branch");
        await page.Find("[name=from]").SelectOptionAsync("a");
        await page.Find("text=Send").ClickAsync();
        await page.Shows(".path", "Other branches here: go on");
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("Object.keys(localStorage).length"));
        Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        var decisions = studio.Store.Annotations.Recent(project.Id, studio.Store.People.Local().Id, 5);
        Assert.Equal([3, 2], decisions.Select(decision => decision.Result.Strength));
        Assert.EndsWith("!", decisions[0].Result.Ideal);
    }

    Project Project(RunningStudio? at = null, string template = "") => (at ?? studio).Store.Projects.Add($"talk {Guid.NewGuid():N}", new()
    {
        Task = TaskKind.Dialogue, StrengthLevels = 7, Guidelines = "Be **kind**.",
        Dialogue = new() { Models = [new("model", "/models/one")], ChatTemplate = template },
    }, (at ?? studio).Store.People.Local().Id);

    /// <summary>Starts a conversation.</summary>
    /// <returns>The address of its turn.</returns>
    async Task<string> Say(Project project, string message, Visitor? writer = null)
    {
        using var response = await (writer ?? visitor).Post(
            $"/projects/{project.Id}/dialogues", ("message", message), ("token", $"{Guid.NewGuid():N}"));
        return response.EnsureSuccessStatusCode().RequestMessage!.RequestUri!.PathAndQuery;
    }

    static string State(Project project, long dialogue) => $"/projects/{project.Id}/dialogues/{dialogue}/turns/{dialogue}/state";

    async Task<string> Answered(string address)
    {
        await Until(async () => (await visitor.Page(address)).Contains("Which answer is", StringComparison.Ordinal));
        return await visitor.Page(address);
    }

    static async Task Until(Func<Task<bool>> condition)
    {
        for (var began = Stopwatch.StartNew(); !await condition(); await Task.Delay(50))
            Assert.True(began.Elapsed < TimeSpan.FromSeconds(60), "it took too long");
    }

    public async ValueTask DisposeAsync()
    {
        visitor.Dispose();
        await studio.DisposeAsync();
        await model.DisposeAsync();
    }
}
