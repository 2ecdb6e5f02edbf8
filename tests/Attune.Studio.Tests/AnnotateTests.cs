using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Attune.Store;

namespace Attune.Studio.Tests;

public sealed class AnnotateTests(SharedStudio shared) : IClassFixture<SharedStudio>, IAsyncLifetime
{
    readonly RunningStudio studio = shared.Studio;
    Visitor visitor = null!;

    public async ValueTask InitializeAsync() => visitor = await shared.Visitor("Ann", Role.Annotator);

    [Fact]
    public async Task AnItemThatIsGivenSaysNothingOfWhoWroteTheAnswersOrWhatItIsFor()
    {
        var project = Project(new() { CheckEvery = 2 }, 3);
        studio.Store.Items.Add(project.Id, [Item("known", ItemKind.Calibration, [0, 1])], studio.Store.People.Find("Olga")!.Id);
        var text = (await Next(project, 4)).ToJsonString();
        foreach (var word in new[] { "old-model", "new-model", "alibration", "score", "expected", "shown", "kind", "because" })
            Assert.DoesNotContain(word, text);
        Assert.Contains("answer 0", text);
    }

    [Fact]
    public async Task Progress_AttentionCheck_MovesAsForOtherItems()
    {
        var project = Project(new() { CheckEvery = 2 }, 12);
        studio.Store.Items.Add(project.Id, [.. Enumerable.Range(0, 5).Select(i => Item($"check {i}", ItemKind.Check, [0, 1]))],
            studio.Store.People.Find("Olga")!.Id);
        for (var i = 1; i <= 12; i++)
        {
            var item = (await Next(project, 1))["items"]![0]!;
            Assert.Equal(["token", "prompt", "answers", "sentBack"], item.AsObject().Select(field => field.Key));
            Assert.Null(item["sentBack"]);
            await Ok(await Submit(project, Token(item), new { outcome = "Ranked", ranks = new[] { 0, 1 } }));
            Assert.Equal($$"""{"decisions":{{i}},"wanted":18,"mine":{{i}}}""", (await Get(project, "progress")).ToJsonString());
            var recent = (await Get(project, "recent"))["decisions"]![0]!;
            Assert.Equal(["decision", "revision", "at", "opening", "verdict", "editable"], recent.AsObject().Select(field => field.Key));
        }
        foreach (var page in new[] { "/", $"/projects/{project.Id}" })
            Assert.Contains("of 18", await visitor.Page(page));
        Assert.DoesNotContain("Checks</th>", await visitor.Page($"/projects/{project.Id}/people"));
    }

    [Fact]
    public async Task Next_TextWithSpacesAround_IsTrimmed()
    {
        var project = Project(new(), 0);
        studio.Store.Items.Add(project.Id, [new Item { Prompt = "\n why?", Answers = [new(" yes\n\n", "old"), new("\tno ", "new")] }],
            studio.Store.People.Find("Olga")!.Id);
        var item = (await Next(project, 1))["items"]![0]!;
        Assert.Equal("why?", Text(item["prompt"]!));
        Assert.Equal(["no", "yes"], item["answers"]!.AsArray().Select(answer => Text(answer!)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task WhatIsSaidOfTheAnswersAsTheyStandIsKeptByTheirPlace()
    {
        const int Items = 40;                                       // a side that never occurs by chance: 1 in 10¹¹
        var project = Project(new(), Items);
        var sides = new HashSet<bool>();
        for (var i = 0; i < Items; i++)
        {
            var item = (await Next(project, 1))["items"]![0]!;
            var first = Text(item["answers"]![0]!);
            var saved = await Ok(await Submit(project, Token(item), new { outcome = "Ranked", ranks = new[] { 0, 1 } }));
            var decision = studio.Store.Annotations.Find(project.Id, (long)saved["decision"]!)!;
            sides.Add(first.StartsWith("new", StringComparison.Ordinal));
            Assert.Equal(first.StartsWith("new", StringComparison.Ordinal) ? [1, 0] : [0, 1], decision.Result.Ranks!);
            Assert.Equal(i + 1, (int)saved["mine"]!);
            Assert.Null(saved["known"]);
        }
        Assert.Equal(2, sides.Count);
        Assert.Equal("Done", (string)(await Next(project, 1))["standing"]!);
    }

    [Fact]
    public async Task UndoGivesTheItemBackAsItWasShownWithWhatWasSaid()
    {
        var project = Project(new() { StrengthLevels = 7 }, 2);
        var item = (await Next(project, 1))["items"]![0]!;
        await Ok(await Submit(project, Token(item),
            new { outcome = "Ranked", ranks = new[] { 1, 0 }, strength = 2, flags = new[] { "Unsafe" }, rationale = "the first lies" }));
        var undone = await Ok(await Undo(project));
        Assert.Equal(item["answers"]!.ToJsonString(), undone["item"]!["answers"]!.ToJsonString());
        Assert.NotEqual(Token(item), Token(undone["item"]!));
        Assert.Equal([1, 0], undone["verdict"]!["ranks"]!.AsArray().Select(rank => (int)rank!));
        Assert.Equal("""["Unsafe"]""", undone["verdict"]!["flags"]!.ToJsonString());
        Assert.Equal(0, (int)undone["mine"]!);
        await Ok(await Submit(project, Token(undone["item"]!), new { outcome = "Ranked", ranks = new[] { 0, 1 }, strength = 1 }));
        Assert.Equal(HttpStatusCode.Conflict, (await Submit(project, "no such token", new { outcome = "Skipped" })).StatusCode);
    }

    [Fact]
    public async Task Submit_SameTokenWithAnotherDecision_IsAConflictThatNamesWhatIsKept()
    {
        var project = Project(new(), 1);
        var item = (await Next(project, 1))["items"]![0]!;
        await Ok(await Submit(project, Token(item), new { outcome = "Ranked", ranks = new[] { 1, 0 } }));
        await Ok(await Submit(project, Token(item), new { outcome = "Ranked", ranks = new[] { 1, 0 } }));
        var other = await Submit(project, Token(item), new { outcome = "AllBad" });
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        var kept = await Json(other);
        Assert.Null(kept["saved"]);
        Assert.Equal([1, 0], kept["kept"]!["ranks"]!.AsArray().Select(rank => (int)rank!));
    }

    [Fact]
    public async Task Undo_RepeatedOrInAnArchivedProject_WithdrawsNoOtherDecision()
    {
        var project = Project(new(), 3);
        for (var i = 0; i < 3; i++)
            await Ok(await Submit(project, Token((await Next(project, 1))["items"]![0]!), new { outcome = "AllBad" }));
        var last = (await Get(project, "last"))["decision"]!.GetValue<long>();
        var answers = new List<JsonNode>();
        for (var i = 0; i < 2; i++)
            answers.Add(await Ok(await visitor.Send(HttpMethod.Post, Api(project, "undo"), JsonContent.Create(new { decision = last }))));
        Assert.Equal(answers[0].ToJsonString(), answers[1].ToJsonString());
        Assert.Equal(2, (int)answers[1]["mine"]!);
        studio.Store.Projects.Archive(project.Id, archived: true, studio.Store.People.Find("Olga")!.Id);
        Assert.Equal(HttpStatusCode.BadRequest, (await Undo(project)).StatusCode);
        Assert.Equal(2, (int)(await Get(project, "progress"))["mine"]!);
    }

    [Fact]
    public async Task ADecisionIsChangedByItsRevision()
    {
        var project = Project(new(), 1);
        var item = (await Next(project, 1))["items"]![0]!;
        await Ok(await Submit(project, Token(item), new { outcome = "Ranked", ranks = new[] { 0, 1 } }));
        var recent = (await Get(project, "recent"))["decisions"]![0]!;
        Assert.Equal("prompt 0", (string)recent["opening"]!);
        var path = $"decisions/{recent["decision"]}";
        var was = await Get(project, path);
        Assert.Equal(item["answers"]!.ToJsonString(), was["item"]!["answers"]!.ToJsonString());
        var changed = await Ok(await Put(project, path, new { revision = 1, verdict = new { outcome = "AllBad" } }));
        Assert.Equal(2, (int)changed["revision"]!);
        Assert.Equal(HttpStatusCode.Conflict,
            (await Put(project, path, new { revision = 1, verdict = new { outcome = "Skipped" } })).StatusCode);
        var other = await shared.Visitor("Bob", Role.Annotator);
        Join(project, "Bob");
        Assert.Equal(HttpStatusCode.NotFound, (await other.Send(HttpMethod.Get, Api(project, path))).StatusCode);
    }

    [Fact]
    public async Task OfACalibrationItemThePageLearnsAfterwardsWhatWasRight()
    {
        var project = Project(new(), 0);
        studio.Store.Items.Add(project.Id, [Item("known", ItemKind.Calibration, [1, 0])], studio.Store.People.Find("Olga")!.Id);
        var item = (await Next(project, 1))["items"]![0]!;
        var better = Text(item["answers"]![0]!).StartsWith("new", StringComparison.Ordinal) ? new[] { 0, 1 } : [1, 0];
        var known = (await Ok(await Submit(project, Token(item), new { outcome = "Ranked", ranks = better })))["known"]!;
        Assert.True((bool)known["right"]!);
        Assert.Equal(better, known["ranks"]!.AsArray().Select(rank => (int)rank!));
        Assert.Equal("because", (string)known["explanation"]!);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"token":"t","verdict":null,"seconds":1}""")]
    [InlineData("""{"token":"t","verdict":{"outcome":"Nonsense"},"seconds":1}""")]
    [InlineData("""{"token":"t","verdict":{"outcome":"Ranked","flags":null},"seconds":1}""")]
    [InlineData("""{"verdict":{"outcome":"Ranked"},"seconds":1}""")]
    public async Task WhatIsNoDecisionIsRefusedInWords(string body)
    {
        var project = Project(new(), 1);
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        var response = await visitor.Send(HttpMethod.Post, Api(project, "decisions"), content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.NotEmpty((string)(await Json(response))["error"]!);
    }

    [Fact]
    public async Task AVerdictThatDoesNotFitTheProjectIsRefusedAndTheItemWaits()
    {
        var project = Project(new() { Ties = false }, 1);
        var item = (await Next(project, 1))["items"]![0]!;
        var response = await Submit(project, Token(item), new { outcome = "Ranked", ranks = new[] { 0, 0 } });
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("this project does not allow ties", (string)(await Json(response))["error"]!);
        Assert.Equal(Token(item), Token((await Next(project, 1))["items"]![0]!));
    }

    [Fact]
    public async Task MarkdownOfAModelIsFormattedWithoutItsHtml()
    {
        var project = Project(new() { Markdown = true }, 0);
        studio.Store.Items.Add(project.Id, [new Item
        {
            Prompt = JsonNode.Parse(
                """[{"role": "user", "content": "**why**"}, {"role": "assistant", "content": "*so*"}, """
                + """{"role": "user", "content": "ah"}]""")!,
            Answers = [new("**bold** <script>alert(1)</script>", "old-model"), new("plain", "new-model")],
        }], studio.Store.People.Find("Olga")!.Id);
        var item = (await Next(project, 1))["items"]![0]!;
        Assert.Equal([null, "<p><em>so</em></p>\n", null], item["prompt"]!.AsArray().Select(passage => (string?)passage!["html"]));
        Assert.Equal(["user", "assistant", "user"], item["prompt"]!.AsArray().Select(passage => (string?)passage!["role"]));
        var html = item["answers"]!.AsArray().Select(answer => (string?)answer![0]!["html"])
            .Single(html => html!.Contains("bold", StringComparison.Ordinal));
        Assert.Contains("<strong>bold</strong> &lt;script&gt;", html);
    }

    Project Project(ProjectSettings settings, int items)
    {
        var owner = studio.Store.People.Find("Olga") ?? studio.Store.People.Add("Olga", Role.Owner);
        var project = studio.Store.Projects.Add($"hotel {Guid.NewGuid()}", settings, owner.Id);
        studio.Store.Items.Add(project.Id, [.. Enumerable.Range(0, items).Select(i => Item($"prompt {i}", ItemKind.Normal, null))],
            owner.Id);
        Join(project, "Ann");
        return project;
    }

    static Item Item(string prompt, ItemKind kind, IReadOnlyList<int?>? expected) => new()
    {
        Kind = kind, Prompt = prompt, Expected = expected, Explanation = expected is null ? null : "because",
        Answers = [new("old answer 0", "old-model"), new("new answer 1", "new-model")],
    };

    void Join(Project project, string name) =>
        studio.Store.Projects.SetMembers(project.Id, [.. studio.Store.Projects.Members(project.Id), studio.Store.People.Find(name)!.Id],
            studio.Store.People.Find("Olga")!.Id);

    static string Api(Project project, string path) => $"/api/projects/{project.Id}/{path}";

    async Task<JsonNode> Next(Project project, int count) =>
        await Ok(await visitor.Send(HttpMethod.Post, Api(project, "next"), JsonContent.Create(new { count })));

    async Task<JsonNode> Get(Project project, string path) => await Ok(await visitor.Send(HttpMethod.Get, Api(project, path)));

    Task<HttpResponseMessage> Submit(Project project, string token, object verdict) =>
        visitor.Send(HttpMethod.Post, Api(project, "decisions"), JsonContent.Create(new { token, verdict, seconds = 1.5 }));

    async Task<HttpResponseMessage> Undo(Project project) => await visitor.Send(HttpMethod.Post, Api(project, "undo"),
        JsonContent.Create(new { decision = (long)(await Get(project, "last"))["decision"]! }));

    Task<HttpResponseMessage> Put(Project project, string path, object change) =>
        visitor.Send(HttpMethod.Put, Api(project, path), JsonContent.Create(change));

    static async Task<JsonNode> Ok(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return await Json(response);
    }

    static async Task<JsonNode> Json(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    static string Token(JsonNode item) => (string)item["token"]!;

    static string Text(JsonNode passages) => (string)passages[0]!["text"]!;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
