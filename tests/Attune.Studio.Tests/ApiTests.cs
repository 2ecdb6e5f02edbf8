using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Attune.Store;
using Attune.Studio.Security;

namespace Attune.Studio.Tests;

/// <summary>Requests with personal access tokens.</summary>
public sealed class ApiTests : IClassFixture<SharedStudio>
{
    readonly RunningStudio studio;
    readonly Project mine, other;
    readonly Person olga, rita, ann;

    /// <summary>Each test has its own projects and people.</summary>
    public ApiTests(SharedStudio shared)
    {
        studio = shared.Studio;
        var key = Guid.NewGuid().ToString("N")[..8];
        (mine, other) = (studio.Project($"mine {key}", new(), 3), studio.Project($"other {key}", new(), 3));
        (olga, rita, ann) = (Add($"Olga {key}", Role.Owner), Add($"Rita {key}", Role.Reviewer), Add($"Ann {key}", Role.Annotator));
        studio.Store.Projects.SetMembers(mine.Id, [rita.Id, ann.Id], olga.Id);
    }

    [Fact]
    public async Task Token_OfAnAnnotator_AnnotatesWithoutAFormToken()
    {
        using var client = Client(ann, AccessScope.Read, AccessScope.Annotate);
        var projects = await client.GetFromJsonAsync<JsonNode>("/api/projects");
        Assert.Equal([mine.Name], projects!["projects"]!.AsArray().Select(project => (string)project!["name"]!));
        var next = await Json(await client.PostAsJsonAsync($"/api/projects/{mine.Id}/next", new { count = 1 }));
        var token = (string)next["items"]![0]!["token"]!;
        object decision = new { token, verdict = new { outcome = "Ranked", ranks = new[] { 0, 1 } }, seconds = 3 };
        var first = await Json(await client.PostAsJsonAsync($"/api/projects/{mine.Id}/decisions", decision));
        var again = await Json(await client.PostAsJsonAsync($"/api/projects/{mine.Id}/decisions", decision));
        Assert.Equal(first.ToJsonString(), again.ToJsonString());
        Assert.Equal(1, studio.Store.Annotations.CountOf(mine.Id, ann.Id));
        Assert.NotNull(Assert.Single(studio.Store.Tokens.Of(ann.Id)).UsedAt);
    }

    [Fact]
    public async Task Token_Scopes_AreWhatItMayDo()
    {
        using var client = Client(olga, AccessScope.Export);
        Assert.Equal(HttpStatusCode.OK, await Status(client, HttpMethod.Get, $"/api/projects/{mine.Id}/export"));
        using var refused = await client.GetAsync("/api/projects");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal("Bearer error=\"insufficient_scope\", scope=\"read\"", $"{refused.Headers.WwwAuthenticate}");
        Assert.Contains("does not have the scope read", (string)(await Json(refused))["error"]!);
    }

    [Fact]
    public async Task Token_RoleOfItsPerson_StillHolds()
    {
        using var client = Client(ann, Enum.GetValues<AccessScope>());
        Assert.Equal(HttpStatusCode.Forbidden, await Status(client, HttpMethod.Get, $"/api/projects/{mine.Id}/export"));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(client, HttpMethod.Post, $"/api/projects/{mine.Id}/items"));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(client, HttpMethod.Post, "/api/projects"));
        studio.Store.People.SetRole(ann.Id, Role.Reviewer, olga.Id);
        Assert.Equal(HttpStatusCode.OK, await Status(client, HttpMethod.Get, $"/api/projects/{mine.Id}/export"));
    }

    [Fact]
    public async Task Token_OtherProjects_Returns404()
    {
        using var client = Client(rita, Enum.GetValues<AccessScope>());
        Assert.Equal(HttpStatusCode.OK, await Status(client, HttpMethod.Get, $"/api/projects/{mine.Id}"));
        foreach (var path in new[] { "", "/export", "/agreement", "/progress", "/decisions/1" })
            foreach (var id in new[] { other.Id, 99_999 })
                Assert.Equal(HttpStatusCode.NotFound, await Status(client, HttpMethod.Get, $"/api/projects/{id}{path}"));
        var lease = studio.Store.Queue.Next(other, olga.Id, 1).Items[0];
        var decision = studio.Store.Annotations.Submit(other, olga.Id, new(lease.Token, new() { Ranks = [0, 1] }, 1))!.Annotation.Id;
        using var owner = Client(olga, Enum.GetValues<AccessScope>());
        Assert.Equal(HttpStatusCode.OK, await Status(owner, HttpMethod.Get, $"/api/projects/{other.Id}/decisions/{decision}"));
        Assert.Equal(HttpStatusCode.NotFound, await Status(owner, HttpMethod.Get, $"/api/projects/{mine.Id}/decisions/{decision}"));
    }

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/me")]
    [InlineData("POST", "/me/tokens")]
    [InlineData("POST", "/me/password")]
    [InlineData("GET", "/people")]
    [InlineData("GET", "/projects/1/export/download")]
    [InlineData("GET", "/api/runs/x/live")]
    public async Task Token_AddressesOutsideOfTheApi_AreRefused(string method, string path)
    {
        using var client = Client(olga, Enum.GetValues<AccessScope>());
        using var request = new HttpRequestMessage(new(method), path);
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("only use the addresses of the API", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Token_NotValid_IsRefusedEvenForThePersonAtTheMachine()
    {
        await using var alone = await RunningStudio.Start();
        using var client = new HttpClient { BaseAddress = alone.Address };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/projects")).StatusCode);
        foreach (var header in new[] { "Bearer attune_0000", "Bearer ", "bearer x" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/projects");
            request.Headers.TryAddWithoutValidation("Authorization", header);
            using var response = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer error=\"invalid_token\"", $"{response.Headers.WwwAuthenticate}");
            Assert.Contains("Authorization: Bearer TOKEN", (string)(await Json(response))["error"]!);
        }
        using var change = await client.PostAsJsonAsync("/api/projects", new { name = "new" });     // neither a token nor a form token
        Assert.Equal(HttpStatusCode.BadRequest, change.StatusCode);
        Assert.Null(alone.Store.Projects.Find("new"));
    }

    [Fact]
    public async Task Token_MoreRequestsThanTheLimit_Returns429()
    {
        using var client = Client(ann, AccessScope.Read);
        using var others = Client(ann, AccessScope.Read);
        for (var i = 0; i < TokenLimits.OfAToken; i++)
            Assert.Equal(HttpStatusCode.OK, await Status(client, HttpMethod.Get, "/api/projects"));
        using var response = await client.GetAsync("/api/projects");
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(HttpStatusCode.OK, await Status(others, HttpMethod.Get, "/api/projects"));
    }

    [Theory]
    [InlineData("application/x-ndjson", """{"prompt": "p", "completions": ["a", "b"]}""", 1)]
    [InlineData("application/json", """[{"prompt": "p", "completions": ["a", "b"]}, {"prompt": "q", "completions": ["a", "b"]}]""", 2)]
    [InlineData("text/csv; charset=utf-8", "prompt,chosen,rejected\np,a,b\n", 1)]
    public async Task Import_BodyOfAKnownType_AddsItems(string type, string body, int items)
    {
        using var client = Client(olga, AccessScope.Import);
        using var content = new StringContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        var added = await Json(await client.PostAsync($"/api/projects/{mine.Id}/items", content));
        Assert.Equal(items, (int)added["items"]!);
    }

    [Fact]
    public async Task Import_InvalidRowOrType_ExplainsAndAddsNothing()
    {
        using var client = Client(olga, AccessScope.Import);
        using var content = new StringContent("""{"prompt": "p"}""", new MediaTypeHeaderValue("application/x-ndjson"));
        using var invalid = await client.PostAsync($"/api/projects/{mine.Id}/items", content);
        Assert.Equal(HttpStatusCode.BadRequest, invalid.StatusCode);
        Assert.Contains("body.jsonl", (string)(await Json(invalid))["error"]!);
        using var unknown = await client.PostAsync($"/api/projects/{mine.Id}/items", new FormUrlEncodedContent([]));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, unknown.StatusCode);
        Assert.Contains("application/x-ndjson", (string)(await Json(unknown))["error"]!);
        Assert.Equal(3, studio.Store.Projects.Progress(mine.Id).Items);
    }

    [Fact]
    public async Task MePage_MakesAndRevokesTokens()
    {
        using var visitor = await studio.SignIn(ann.Name, Role.Annotator);
        using var response =
            await visitor.Post("/me/tokens", ("name", "<b>bot</b>"), ("scopes", "Read"), ("scopes", "Annotate"), ("days", "30"));
        var page = await response.Content.ReadAsStringAsync();
        var token = page.Split("id=\"token\">")[1].Split('<')[0];
        using var client = Client(token);
        Assert.Equal(HttpStatusCode.OK, await Status(client, HttpMethod.Get, "/api/projects"));
        var me = await visitor.Page("/me");
        Assert.Contains("&lt;b&gt;bot&lt;/b&gt;", me);
        Assert.Contains("read, annotate", me);
        Assert.DoesNotContain(token, me);
        Assert.DoesNotContain("value=\"Import\"", me);     // an annotator cannot use it
        var id = Assert.Single(studio.Store.Tokens.Of(ann.Id)).Id;
        using var owner = await studio.SignIn(olga.Name, Role.Owner);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.Post($"/me/tokens/{id}/revoke")).StatusCode);
        (await visitor.Post($"/me/tokens/{id}/revoke")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(client, HttpMethod.Get, "/api/projects"));
    }

    [Fact]
    public async Task Owner_RevokesAllTokensOfAPerson()
    {
        using var owner = await studio.SignIn(olga.Name, Role.Owner);
        using var client = Client(ann, AccessScope.Read);
        Assert.Contains("Revoke 1 token", await owner.Page("/people"));
        (await owner.Post($"/people/{ann.Id}/tokens/revoke")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(client, HttpMethod.Get, "/api/projects"));
    }

    Person Add(string name, Role role) => studio.Store.People.Add(name, role);

    HttpClient Client(Person person, params AccessScope[] scopes) => Client(studio.Store.Tokens.Add(person.Id, "test", scopes, 1));

    HttpClient Client(string token) => new()
    {
        BaseAddress = studio.Address, DefaultRequestHeaders = { Authorization = new("Bearer", token) },
    };

    static async Task<HttpStatusCode> Status(HttpClient client, HttpMethod method, string path)
    {
        using var response = await client.SendAsync(new(method, path));
        return response.StatusCode;
    }

    static async Task<JsonNode> Json(HttpResponseMessage response) => (await response.Content.ReadFromJsonAsync<JsonNode>())!;
}
