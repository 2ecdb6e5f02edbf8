using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Attune.Store;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Tests;

/// <summary>Malicious texts of people and models are shown and do no harm.</summary>
public sealed class HostileTests : IAsyncLifetime
{
    const string Script = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    const string Turned = "\u202Eevil\u2066";
    const string Text = Script + Turned + "\0 \" ' & {{7*7}} @(7*7) javascript:alert(1)";

    static readonly Regex Tags =
        new("<[a-zA-Z][^<>\"]*(\"[^\"]*\"[^<>\"]*)*>", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);
    static readonly Regex Name = new("[a-zA-Z]+", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);
    static readonly Regex Quoted = new("\"[^\"]*\"", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);
    static readonly Regex HandlerOrScript =
        new("""\son\w+=|javascript:""", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase);
    static readonly Regex Isolating =
        new("""^<(bdi|title|option|textarea)\b|\sdir="auto"[\s>]""", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);
    static readonly Regex Parameter = new(@"\{[^}]*\}", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);

    RunningStudio studio = null!;
    Visitor visitor = null!;
    Project project = null!;

    public async ValueTask InitializeAsync()
    {
        studio = await RunningStudio.Start();
        visitor = new(studio.Address);
        var owner = studio.Store.People.Local();
        project = studio.Store.Projects.Add(
            Script, new() { Overlap = 3, CheckEvery = 0, Questions = [new("helpful", Text), new("harmless", Text)],
                Guidelines = $"{Script}\n\n[x](javascript:alert(1)) ![y](http://e.org/x.png)\n\n<svg onload=alert(1)>", Markdown = true },
                    owner.Id);
        studio.Store.Items.Add(project.Id,
            [Item(Text), Item(Text), Item(new('x', 1 << 20)), Item(string.Concat(Enumerable.Repeat("\u200B\u0301", 100_000)))], owner.Id);
        var (one, other) = (studio.Store.People.Add("<b onclick=alert(1)>", Role.Annotator),
            studio.Store.People.Add("'\"><script>alert(1)</script>", Role.Reviewer));
        studio.Store.Projects.SetMembers(project.Id, [one.Id, other.Id], owner.Id);
        Decide(one, 0);
        Decide(other, 1);
        var (judge, item) = (studio.Store.People.Judge(Script, owner.Id).Id, studio.Store.Items.Page(project.Id, 0, 1)[0].Id);
        studio.Store.Judges.Add(project, [new(item, judge, 0, 1, 1), new(item, judge, 1, 0, 1)], null, owner.Id);
    }

    [Fact]
    public async Task EveryPageShowsHostileTextsHarmlessly()
    {
        foreach (var path in Pages())
        {
            using var response = await visitor.Get(path);
            var page = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode < 500, $"{path} gave {response.StatusCode}");
            Assert.True(page.Length < 8 << 20, $"{path} has {page.Length} characters");
            if (response.Content.Headers.ContentType?.MediaType != "text/html")
                continue;
            Assert.All(Tags.Matches(page), tag => Assert.False(
                tag.Value.StartsWith("<script>") || tag.Value.StartsWith("<svg onload")
                    || HandlerOrScript.IsMatch(OutsideQuotes(tag.Value)), $"{path}: {tag.Value}"));
            AssertIsolated(path, page);
        }
    }

    [Fact]
    public async Task TheNextItemIsJsonThatNoBrowserTakesForAPage()
    {
        using var response = await Call("next", """{"count": 20}""");
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("alert(1)", text);
    }

    [Theory]
    [InlineData("{\"count\": 2", HttpStatusCode.BadRequest)]
    [InlineData("{\"count\": 1e999}", HttpStatusCode.BadRequest)]
    [InlineData("{\"count\": \"\\ud800\"}", HttpStatusCode.BadRequest)]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("\0", HttpStatusCode.BadRequest)]
    [InlineData("{\"count\": -2147483648}", HttpStatusCode.OK)]
    [InlineData("{\"count\": 2147483647}", HttpStatusCode.OK)]
    public async Task WhatIsNoRequestIsRefusedInWords(string body, HttpStatusCode expected)
    {
        using var response = await Call("next", body);
        Assert.Equal(expected, response.StatusCode);
        if (expected != HttpStatusCode.OK)
            Assert.NotEqual("", (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!);
    }

    [Fact]
    public async Task DecisionsThatAreNoneAreRefusedAndOddTextsAreKept()
    {
        var item = JsonNode.Parse(await (await Call("next", """{"count": 1}""")).Content.ReadAsStringAsync())!["items"]![0]!;
        var token = (string)item["token"]!;
        await Expect(HttpStatusCode.BadRequest, "null");
        await Expect(HttpStatusCode.BadRequest, """{"outcome": "Ranked", "ranks": [0, 99999999999]}""");
        await Expect(HttpStatusCode.BadRequest, """{"outcome": "Ranked", "ranks": null}""");
        await Expect(HttpStatusCode.BadRequest, """{"outcome": 77, "ranks": [0, 1]}""");
        await Expect(HttpStatusCode.BadRequest, """{"outcome": "Ranked", "ranks": [0, 1], "flags": null}""");
        await Expect(HttpStatusCode.BadRequest, """{"outcome": "Ranked", "ranks": [0, 1], "rationale": "\ud800"}""");
        await Expect(HttpStatusCode.BadRequest,
            $$"""{"outcome": "Ranked", "ranks": [{{string.Join(',', Enumerable.Repeat(0, 50_000))}}]}""");
        await Expect(HttpStatusCode.BadRequest, new string('[', 20_000));
        await Expect(HttpStatusCode.BadRequest,
            $$"""{"outcome": "Ranked", "ranks": [0, 1], "rationale": "{{new string('x', 200_000)}}"}""");
        await Expect(HttpStatusCode.RequestEntityTooLarge, $"\"{new string('x', 2 << 20)}\"");
        await Expect(HttpStatusCode.BadRequest, """{"outcome": "Ranked", "ranks": [0, 1], "judgments": {"harmless": null}}""");
        await Expect(HttpStatusCode.OK, """
            {"outcome": "Ranked", "ranks": [0, 1], "rationale": "\u0000\u202e<script>", "judgments": {"harmless": {"outcome": "AllBad"}}}
            """);
        Assert.Equal("\0\u202E<script>",
            studio.Store.Annotations.Recent(project.Id, studio.Store.People.Find("You")!.Id, 1)[0].Result.Rationale);

        async Task Expect(HttpStatusCode expected, string verdict)
        {
            using var response = await Call("decisions", $$"""{"token": "{{token}}", "verdict": {{verdict}}, "seconds": 1}""");
            Assert.True(expected == response.StatusCode,
                $"{response.StatusCode} for {verdict[..Math.Min(80, verdict.Length)]}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public async Task ATokenOfAMegabyteIsOneThatNobodyHas()
    {
        using var response =
            await Call("decisions", $$$"""{"token": "{{{new string('x', 1_000_000)}}}", "verdict": {"ranks": [0, 1]}, "seconds": 1}""");
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
    }

    Task<HttpResponseMessage> Call(string what, string body) =>
        visitor.Send(HttpMethod.Post, $"/api/projects/{project.Id}/{what}", new StringContent(body, Encoding.UTF8, "application/json"));

    void Decide(Person person, int place)
    {
        foreach (var showing in studio.Store.Queue.Next(project, person.Id, 4).Items)
            studio.Store.Annotations.Submit(project, person.Id, new(showing.Token, new()
            {
                Ranks = [.. showing.Shown.Select(shown => (int?)(shown == place ? 0 : 1))], Rationale = Text, Ideal = Text,
                Flags = [Flag.Unsafe], Judgments = new Dictionary<string, Judgment> { ["harmless"] = new() { Outcome = Outcome.AllBad } },
            }, 1));
    }

    static Item Item(string text) =>
        new() { Prompt = JsonValue.Create(text), Answers = [new(JsonValue.Create(text), Text), new(JsonValue.Create("x"), Script)] };

    /// <summary>All GET routes, with ids that exist.</summary>
    IEnumerable<string> Pages() =>
        from endpoint in studio.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        where endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Contains("GET")
        let path = Parameter.Replace(endpoint.RoutePattern.RawText!, "1")
        from query in new[] { "", $"?to={Uri.EscapeDataString(Script)}&after={Uri.EscapeDataString(Script)}" }
        select "/" + path.TrimStart('/') + query;

    /// <summary>A character that changes the text direction is isolated from the text around it.</summary>
    static void AssertIsolated(string path, string page)
    {
        var decoded = page.Replace("&#x202E;", "\u202E", StringComparison.OrdinalIgnoreCase);
        for (var at = decoded.IndexOf('\u202E'); at >= 0; at = decoded.IndexOf('\u202E', at + 1))
        {
            var before = decoded[..at];
            var inAttribute = before.LastIndexOf('<') > before.LastIndexOf('>');
            var isolated = Tags.Matches(before).Any(tag =>
                Isolating.IsMatch(tag.Value) && before.LastIndexOf($"</{Name.Match(tag.Value)}>", StringComparison.Ordinal) < tag.Index);
            Assert.True(inAttribute || isolated, $"{path}: a text that turns direction is not isolated: {before[Math.Max(0, at - 200)..]}");
        }
    }

    static string OutsideQuotes(string tag) => Quoted.Replace(tag, "\"\"");

    public async ValueTask DisposeAsync()
    {
        visitor.Dispose();
        await studio.DisposeAsync();
    }
}
