using System.Net;
using System.Net.Http.Json;
using Attune.Store;

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
    public async Task SigningInLeadsNowhereElse(string to)
    {
        using var owner = new Visitor(studio.Address);
        await owner.Post("/me/password", ("name", "Olga"), ("password", "correct horse"));
        using var visitor = new Visitor(studio.Address);
        using var response = await visitor.Post("/sign-in", ("name", "Olga"), ("password", "correct horse"), ("to", to));
        Assert.Equal(new Uri(studio.Address, "/"), response.RequestMessage!.RequestUri);
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
