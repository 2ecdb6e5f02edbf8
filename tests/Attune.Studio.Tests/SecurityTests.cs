using System.Net;
using System.Net.Http.Json;
using Attune.Store;
using Attune.Studio.Security;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Attune.Studio.Tests;

public sealed class SecurityTests : IAsyncLifetime
{
    RunningStudio studio = null!;

    public async ValueTask InitializeAsync() => studio = await RunningStudio.Start();

    public ValueTask DisposeAsync() => studio.DisposeAsync();

    [Theory]
    [InlineData("/")]
    [InlineData("/sign-in")]
    [InlineData("/nothing")]
    [InlineData("/assets/studio.css")]
    public async Task EveryResponseLetsOnlyOurOwnScriptsRun(string path)
    {
        using var visitor = new Visitor(studio.Address);
        using var response = await visitor.Get(path);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'; script-src 'self'", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task WhatChangesSomethingNeedsTheTokenOfAPage()
    {
        using var client = new HttpClient { BaseAddress = studio.Address };
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("name", "x")]);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsync("/projects/new", form)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/sign-out", new { })).StatusCode);
        Assert.Empty(studio.Store.Projects.All());
    }

    [Fact]
    public async Task AFormThatCannotBeReadIsTheSendersFault()
    {
        using var visitor = new Visitor(studio.Address);
        Assert.Equal(HttpStatusCode.BadRequest, (await visitor.Post("/projects/new", ("name", "a\0b"))).StatusCode);
    }

    [Fact]
    public async Task CookiesAreOutOfReachOfScriptsAndOfOtherSites()
    {
        var link = studio.Store.People.NewLink(studio.Store.People.Add("Olga", Role.Owner).Id);
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = studio.Address };
        using var page = await client.GetAsync("/sign-in");
        using var form = new FormUrlEncodedContent(
        [
            KeyValuePair.Create("token", link),
            KeyValuePair.Create("__RequestVerificationToken", Visitor.FormToken(await page.Content.ReadAsStringAsync())),
        ]);
        using var joined = await client.PostAsync("/join", form);
        var cookies = page.Headers.GetValues("Set-Cookie").Concat(joined.Headers.GetValues("Set-Cookie")).ToList();
        Assert.Contains(cookies, cookie => cookie.StartsWith("attune-session=", StringComparison.Ordinal) && cookie.Contains("samesite=lax")
            && cookie.Contains("httponly"));
        Assert.Contains(cookies, cookie => cookie.StartsWith("attune-form=", StringComparison.Ordinal) && cookie.Contains("samesite=strict")
            && cookie.Contains("httponly"));
    }

    [Fact]
    public async Task APasswordLetsInAndAWrongOneDoesNot()
    {
        using var owner = new Visitor(studio.Address);
        await owner.Post("/me/password", ("name", "Olga"), ("password", "correct horse"));
        using var visitor = new Visitor(studio.Address);
        Assert.Equal(HttpStatusCode.Unauthorized,
            (await visitor.Post("/sign-in", ("name", "Olga"), ("password", "wrong horse!"))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized,
            (await visitor.Post("/sign-in", ("name", "Nobody"), ("password", "correct horse"))).StatusCode);
        Assert.Contains("New project",
            await (await visitor.Post("/sign-in", ("name", "olga"), ("password", "correct horse"))).Content.ReadAsStringAsync());
        Assert.DoesNotContain("correct horse", File.ReadAllText(Path.Combine(studio.Folder, "studio", "studio.db-wal")));
    }

    [Fact]
    public async Task WhoGuessesPasswordsIsSlowedDown()
    {
        using var visitor = new Visitor(studio.Address);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 12; i++)
            answers.Add((await visitor.Post("/sign-in", ("name", "Olga"), ("password", $"guess {i}"))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, answers[0]);
        Assert.Equal(HttpStatusCode.TooManyRequests, answers[^1]);
    }

    [Theory]
    [InlineData("disabled")]
    [InlineData("link")]
    [InlineData("role")]
    public async Task ASessionEndsWhenItsGroundsAreGone(string change)
    {
        using var owner = await studio.SignIn("Olga", Role.Owner);
        using var ann = await studio.SignIn("Ann", Role.Annotator);
        var id = studio.Store.People.Find("Ann")!.Id;
        Assert.Contains("not a member", await ann.Page("/"));
        await (change switch
        {
            "disabled" => owner.Post($"/people/{id}/disabled", ("disabled", "true")),
            "link" => owner.Post($"/people/{id}/link/remove"),
            _ => owner.Post($"/people/{id}/role", ("role", "Reviewer")),
        });
        Assert.Contains("<h1>Sign in</h1>", await ann.Page("/"));
    }

    [Fact]
    public async Task TheLastOwnerStays()
    {
        using var owner = await studio.SignIn("Olga", Role.Owner);
        using var response = await owner.Post($"/people/{studio.Store.People.Find("Olga")!.Id}/role", ("role", "Annotator"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("at least one owner must be able to sign in", await response.Content.ReadAsStringAsync());
        Assert.Equal(Role.Owner, studio.Store.People.Find("Olga")!.Role);
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("X-Forwarded-For", "203.0.113.7")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("X-Real-IP", "203.0.113.7")]
    [InlineData("X-Forwarded-Host", "studio.example")]
    [InlineData("X-Forwarded-Proto", "https")]
    public async Task OnlyThePersonAtTheMachineNeedsNoAccount(string header, string value)
    {
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = studio.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.TryAddWithoutValidation(header, value);
        using var response = await client.SendAsync(request);
        Assert.Contains("/sign-in", response.Headers.Location!.ToString());
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("/é")]
    public async Task SigningInLeadsNowhereElse(string to)
    {
        using var owner = new Visitor(studio.Address);
        await owner.Post("/me/password", ("name", "Olga"), ("password", "correct horse"));
        using var visitor = new Visitor(studio.Address);
        using var response = await visitor.Post("/sign-in", ("name", "Olga"), ("password", "correct horse"), ("to", to));
        Assert.Equal(new Uri(studio.Address, "/"), response.RequestMessage!.RequestUri);
    }

    [Fact]
    public async Task SinglePerson_Http10_MustSignIn()
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, studio.Address.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        var response = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("HTTP/1.1 302", response);
        Assert.Contains("/sign-in", response);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/join")]
    public async Task SignIn_BodyOfAMegabyte_Returns413(string path)
    {
        using var visitor = new Visitor(studio.Address);
        using var response = await visitor.Post(path, ("name", new string('a', 1_000_000)), ("password", "x"), ("token", "x"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Theory]
    [InlineData(1_024, 256)]
    [InlineData(int.MaxValue, 5_000)]
    public void Connections_OfDescriptors_AreAQuarterAndAtMost5000(int descriptors, int connections) =>
        Assert.Equal(connections, Connections.LimitOf(descriptors));

    [Fact]
    public void Connections_OfTheServer_AreLimited()
    {
        var limits = studio.App.Services
            .GetRequiredService<IOptions<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>>().Value.Limits;
        Assert.Equal(Connections.Limit, limits.MaxConcurrentConnections);
        Assert.True(limits.KeepAliveTimeout <= TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task SignOut_CookieUsedAgain_IsRefused()
    {
        var olga = studio.Store.People.Add("Olga", Role.Owner);
        var link = studio.Store.People.NewLink(olga.Id);
        var cookies = new CookieContainer();
        using var client = new HttpClient(new HttpClientHandler { CookieContainer = cookies }) { BaseAddress = studio.Address };
        await Post(client, "/join", ("token", link));
        var stolen = cookies.GetCookies(studio.Address)["attune-session"]!.Value;
        Assert.Equal(HttpStatusCode.OK, await With(stolen));
        Assert.EndsWith("/sign-in", await Post(client, "/sign-out"));
        Assert.Equal(HttpStatusCode.Redirect, await With(stolen));
        using var again = await studio.SignIn("Olga", Role.Owner);
        Assert.Contains("New project", await again.Page("/"));
    }

    [Fact]
    public async Task SignOutEverywhere_EndsOtherSessions()
    {
        var link = studio.Store.People.NewLink(studio.Store.People.Add("Olga", Role.Owner).Id);
        using var one = new Visitor(studio.Address);
        using var other = new Visitor(studio.Address);
        await one.Post("/join", ("token", link));
        await other.Post("/join", ("token", link));
        Assert.Contains("New project", await other.Page("/"));
        using var response = await one.Post("/sign-out/everywhere");
        Assert.EndsWith("/sign-in", response.RequestMessage!.RequestUri!.AbsolutePath);
        Assert.Contains("<h1>Sign in</h1>", await other.Page("/"));
    }

    [Fact]
    public async Task SetPassword_WithoutTheCurrentOne_IsRefused()
    {
        using var olga = new Visitor(studio.Address);
        await olga.Post("/me/password", ("name", "Olga"), ("password", "correct horse"));
        using var refused = await olga.Post("/me/password", ("name", "Eve"), ("current", "a wrong guess"), ("password", "battery staple"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Null(studio.Store.People.Find("Eve"));
        using var changed =
            await olga.Post("/me/password", ("name", "Olga"), ("current", "correct horse"), ("password", "battery staple"));
        changed.EnsureSuccessStatusCode();
        using var visitor = new Visitor(studio.Address);
        using var signedIn = await visitor.Post("/sign-in", ("name", "olga"), ("password", "battery staple"));
        signedIn.EnsureSuccessStatusCode();
        Assert.Equal(("signed in", """{"with":"password"}"""), (Newest().Action, Newest().Details));
    }

    [Fact]
    public async Task SignIn_WrongAttemptsOfOthers_DoNotLockOutAKnownBrowser()
    {
        using var olga = new Visitor(studio.Address);
        await olga.Post("/me/password", ("name", "Olga"), ("password", "correct horse"));
        await olga.Post("/sign-out");
        using var other = new Visitor(studio.Address);
        HttpStatusCode last = default;
        for (var i = 0; i < 11; i++)
            last = (await other.Post("/sign-in", ("name", "Olga"), ("password", $"guess {i}"))).StatusCode;
        Assert.Equal(HttpStatusCode.TooManyRequests, last);
        using var response = await olga.Post("/sign-in", ("name", "Olga"), ("password", "correct horse"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("role", "2")]
    [InlineData("role", "7")]
    public async Task Form_NumberForAName_IsRefused(string field, string value)
    {
        using var owner = await studio.SignIn("Olga", Role.Owner);
        using var response = await owner.Post("/people", ("name", "Eve"), (field, value));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Null(studio.Store.People.Find("Eve"));
    }

    [Fact]
    public async Task SetMembers_UnknownPerson_IsRefused()
    {
        var project = studio.Project("hotel", new(), 1);
        using var owner = new Visitor(studio.Address);
        using var response = await owner.Post($"/projects/{project.Id}/members", ("people", "999"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("there is no person 999", await response.Content.ReadAsStringAsync());
    }

    AuditEntry Newest() => studio.Store.Audit.OutsideProjects(count: 1)[0];

    async Task<HttpStatusCode> With(string session)
    {
        using var client = new HttpClient(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = studio.Address,
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Cookie", $"attune-session={session}" } } };
        return (await client.SendAsync(request)).StatusCode;
    }

    static async Task<string> Post(HttpClient client, string path, params (string Name, string Value)[] fields)
    {
        var token = Visitor.FormToken(await client.GetStringAsync("/sign-in"));
        using var form = new FormUrlEncodedContent([.. fields.Append(("__RequestVerificationToken", token))
            .Select(field => KeyValuePair.Create(field.Item1, field.Item2))]);
        using var response = (await client.PostAsync(path, form)).EnsureSuccessStatusCode();
        return response.RequestMessage!.RequestUri!.AbsolutePath;
    }

    [Fact]
    public void AnotherAddressThanLoopbackNeedsAccounts()
    {
        var options =
            new StudioOptions { Folder = Path.Combine(studio.Folder, "open"), Runs = "", Attune = [], Listen = new(IPAddress.Any, 0) };
        var error = Assert.Throws<InvalidDataException>(() => StudioServer.Build(options));
        Assert.Contains("attune studio invite NAME --role owner", error.Message);
    }
}
