using System.Net;
using Attune.Store;
using Attune.Studio.Security;

namespace Attune.Studio.Tests;

/// <summary>A provider, and a studio that makes everybody who signs in there an annotator.</summary>
public sealed class OidcStudio : IAsyncLifetime
{
    internal TestProvider Provider { get; private set; } = null!;

    internal RunningStudio Studio { get; private set; } = null!;

    internal OidcOptions Options => new()
    {
        Authority = Provider.Address, ClientId = TestProvider.ClientId, ClientSecret = TestProvider.Secret, Name = "Acme",
    };

    public async ValueTask InitializeAsync()
    {
        Provider = await TestProvider.Start();
        Studio = await RunningStudio.Start(change: options => options with
        {
            Oidc = Options with { Unknown = UnknownPeople.Annotator },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Studio.DisposeAsync();
        await Provider.DisposeAsync();
    }
}

/// <summary>Signing in with an OpenID Connect provider.</summary>
public sealed class OidcTests : IClassFixture<OidcStudio>, IAsyncDisposable
{
    static int count;

    readonly TestProvider provider;
    readonly OidcOptions oidc;
    readonly string name = $"Mia {Interlocked.Increment(ref count)}";     // another person in each test
    RunningStudio studio;
    RunningStudio? own;

    public OidcTests(OidcStudio shared)
    {
        (provider, studio, oidc) = (shared.Provider, shared.Studio, shared.Options);
        provider.Change = null;
        provider.Claims.Clear();
        (provider.Claims["sub"], provider.Claims["name"]) = (name, name);
    }

    /// <summary>Starts a studio with other options for this test.</summary>
    async Task Start(OidcOptions options, Uri? publicUrl = null) =>
        studio = own = await RunningStudio.Start(change: defaults => defaults with { Oidc = options, PublicUrl = publicUrl });

    [Fact]
    public async Task SignIn_CodeWithPkce_IsTheSamePersonEveryTime()
    {
        using var mia = new Visitor(studio.Address);
        Assert.Contains("Sign in with Acme", await mia.Page("/"));
        Assert.Equal("/me", await Open(mia, "/sign-in/provider?to=/me"));
        var sent = provider.Authorization;
        Assert.Equal(("code", "S256", "openid profile email"), (sent["response_type"], sent["code_challenge_method"], sent["scope"]));
        Assert.Equal($"{studio.Address}sign-in/callback", sent["redirect_uri"]);
        Assert.True(sent["state"].Length > 20 && sent["nonce"].Length > 20);
        provider.Claims["name"] = "Miller";                         // another name and address, the same subject
        provider.Claims["email"] = "other@example.com";
        using var again = new Visitor(studio.Address);
        await Open(again, "/sign-in/provider");
        Assert.Null(studio.Store.People.Find("Miller"));
        var person = studio.Store.People.Find(name)!;
        Assert.Equal((Role.Annotator, true), (person.Role, person.HasProvider));
        Assert.Equal("signed in", studio.Store.Audit.OutsideProjects(count: 1)[0].Action);
        await mia.Post("/sign-out");
        Assert.Contains("<h1>Sign in</h1>", await mia.Page("/"));
    }

    [Fact]
    public async Task SignIn_SameAddressAndNameButAnotherSubject_IsAnotherPerson()
    {
        (provider.Claims["email"], provider.Claims["email_verified"]) = ("mia@example.com", true);
        using var mia = await SignIn();
        provider.Claims["sub"] = "another";
        using var eve = await SignIn();
        Assert.NotNull(studio.Store.People.Find($"{name} 2"));
    }

    [Theory]
    [InlineData("nonce")]
    [InlineData("expired")]
    [InlineData("audience")]
    [InlineData("issuer")]
    [InlineData("unsigned")]
    public async Task SignIn_WrongToken_IsRefused(string what)
    {
        provider.Change = token =>
        {
            if (what == "nonce")
                token.Claims["nonce"] = "another";
            else if (what == "expired")
                (token.NotBefore, token.Expires) = (DateTime.UtcNow.AddHours(-2), DateTime.UtcNow.AddHours(-1));
            else if (what == "audience")
                token.Audience = "another client";
            else if (what == "issuer")
                token.Issuer = "https://other.example.com";
            else
                token.SigningCredentials = null;
        };
        using var mia = new Visitor(studio.Address);
        using var response = await mia.Get("/sign-in/provider");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("signing in with the provider failed", await response.Content.ReadAsStringAsync());
        Assert.Null(studio.Store.People.Find(name));
        Assert.Contains("<h1>Sign in</h1>", await mia.Page("/"));
    }

    [Fact]
    public async Task SignIn_KeysOfTheProviderChanged_WorksAgainOnceTheyAreLoaded()
    {
        await using var rotating = await TestProvider.Start();
        await Start(oidc with { Authority = rotating.Address, Unknown = UnknownPeople.Annotator });
        using var first = await SignIn();
        rotating.RotateKey();
        using var second = new Visitor(studio.Address);
        using var unknown = await second.Get("/sign-in/provider?to=/me");           // requests the new keys
        for (var wait = 0; wait < 100 && !(await second.Get("/sign-in/provider?to=/me")).IsSuccessStatusCode; wait++)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal("/me", await Open(second, "/sign-in/provider?to=/me"));
    }

    [Theory]
    [InlineData("/sign-in/callback?code=x&state=y")]
    [InlineData("/sign-in/callback")]
    [InlineData("/sign-in/callback?error=access_denied")]
    public async Task Callback_WithoutItsState_IsRefused(string path)
    {
        using var visitor = new Visitor(studio.Address);
        using var response = await visitor.Get(path);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task Callback_SentAgainOrByAnotherBrowser_IsRefused()
    {
        using var mia = new Visitor(studio.Address);
        using var stranger = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = studio.Address };
        using var start = await stranger.GetAsync("/sign-in/provider");
        using var back = await stranger.GetAsync(start.Headers.Location);
        var callback = back.Headers.Location!;
        using var stolen = await mia.Get(callback.PathAndQuery);           // without the cookies of who started
        Assert.Equal(HttpStatusCode.Unauthorized, stolen.StatusCode);
        using var signedIn = await stranger.GetAsync(callback);
        Assert.Equal("/", signedIn.Headers.Location!.ToString());
        using var replay = await stranger.GetAsync(callback);
        Assert.Equal(HttpStatusCode.Unauthorized, replay.StatusCode);
    }

    [Fact]
    public async Task SignIn_Unknown_NeedsAnInvitationUnlessAnnotatorsMayJoin()
    {
        await Start(oidc);
        var project = await Hotel();
        await Refused("ask an owner of the studio for an invitation");
        var (_, token) = studio.Store.Invitations.Add(project.Id, new() { Role = Role.Reviewer }, studio.Store.People.Find("Olga")!);
        using var mia = new Visitor(studio.Address);
        Assert.Contains("Join with Acme", await mia.Page($"/invite/{token}"));
        Assert.Equal($"/projects/{project.Id}", await Open(mia, $"/sign-in/provider?invite={token}"));
        Assert.Equal(Role.Reviewer, studio.Store.People.Find(name)!.Role);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task SignIn_InvitedByAddress_NeedsTheVerifiedAddress(bool verified, bool joins)
    {
        await Start(oidc);
        var project = await Hotel();
        studio.Store.Invitations.Add(project.Id, new() { Email = "mia@example.com" }, studio.Store.People.Find("Olga")!);
        (provider.Claims["email"], provider.Claims["email_verified"]) = ("Mia@example.com", verified);
        using var visitor = new Visitor(studio.Address);
        using var response = await visitor.Get("/sign-in/provider");
        Assert.Equal(joins ? HttpStatusCode.OK : HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(joins, studio.Store.People.Find(name) is { } mia && studio.Store.Projects.IsMember(project.Id, mia.Id));
    }

    [Fact]
    public async Task SignIn_UnknownRefused_IgnoresInvitations()
    {
        await Start(oidc with { Unknown = UnknownPeople.Refuse });
        var project = await Hotel();
        studio.Store.Invitations.Add(project.Id, new() { Email = "mia@example.com" }, studio.Store.People.Find("Olga")!);
        (provider.Claims["email"], provider.Claims["email_verified"]) = ("mia@example.com", true);
        await Refused("you have no account");
    }

    [Fact]
    public async Task SignIn_Domains_NeedAVerifiedAddressInOneOfThem()
    {
        await Start(oidc with { Unknown = UnknownPeople.Annotator, Domains = ["example.com"] });
        (provider.Claims["email"], provider.Claims["email_verified"]) = ("mia@example.com", false);
        await Refused("only people with a verified e-mail address of example.com");
        (provider.Claims["email"], provider.Claims["email_verified"]) = ("mia@evil-example.com", true);
        await Refused("only people with");
        provider.Claims["email"] = "mia@Example.com";
        using var mia = await SignIn();
    }

    [Fact]
    public async Task SignIn_Groups_SetTheRoleEveryTime()
    {
        await Start(oidc with { Groups = new Dictionary<string, Role> { ["admins"] = Role.Owner, ["raters"] = Role.Annotator } });
        provider.Claims["groups"] = new[] { "raters", "others" };
        using var mia = await SignIn();
        Assert.Equal(Role.Annotator, studio.Store.People.Find(name)!.Role);
        provider.Claims["groups"] = new[] { "raters", "admins" };
        using var owner = await SignIn();
        Assert.Equal(Role.Owner, studio.Store.People.Find(name)!.Role);
        Assert.Contains("<h1>Sign in</h1>", await mia.Page("/"));           // a new role ends older sessions
        provider.Claims["groups"] = new[] { "others" };
        await Refused("none of the groups any more");
    }

    [Fact]
    public async Task SignIn_DisabledPerson_IsRefused()
    {
        using var mia = await SignIn();
        var id = studio.Store.People.Find(name)!.Id;
        studio.Store.People.Disable(id, true, by: id);
        await Refused("is disabled");
    }

    [Fact]
    public async Task Link_OwnPage_SignsInAsThatPerson()
    {
        using var owner = await studio.SignIn("Olga", Role.Owner);
        Assert.Equal(HttpStatusCode.BadRequest, (await owner.Get("/me/provider?token=forged")).StatusCode);
        var address = WebUtility.HtmlDecode((await owner.Page("/me")).Split("href=\"/me/provider")[1].Split('"')[0]);
        Assert.Equal("/me", await Open(owner, $"/me/provider{address}"));
        using var again = await SignIn();
        Assert.Contains("<h1><bdi>Olga</bdi></h1>", await again.Page("/me"));
        using var ann = await studio.SignIn("Ann", Role.Annotator);
        using var stolen = await ann.Get($"/me/provider{address}");         // the address of somebody else
        Assert.Equal(HttpStatusCode.BadRequest, stolen.StatusCode);
        (await again.Post("/me/provider/remove")).EnsureSuccessStatusCode();
        Assert.False(studio.Store.People.Find("Olga")!.HasProvider);
    }

    [Fact]
    public async Task Studio_WithAProvider_LetsNobodyInWithoutAnAccount()
    {
        using var visitor = new Visitor(studio.Address);
        Assert.Contains("<h1>Sign in</h1>", await visitor.Page("/"));
    }

    [Fact]
    public async Task PublicUrl_Set_IsInTheRedirectAddress()
    {
        await Start(oidc, publicUrl: new("https://studio.example.com"));
        Assert.StartsWith("https://studio.example.com/sign-in/callback", await RedirectAddress());
    }

    [Fact]
    public async Task Proxy_OnThisMachine_IsInTheRedirectAddress() => Assert.StartsWith("https://studio.example.com/sign-in/callback",
        await RedirectAddress(("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.7"), ("Host", "studio.example.com")));

    [Fact]
    public async Task SignIn_ProviderIsDown_ExplainsIt()
    {
        await Start(oidc with { Authority = new("http://127.0.0.1:9") });           // nothing listens there
        using var visitor = new Visitor(studio.Address);
        using var response = await visitor.Get("/sign-in/provider");
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("the provider does not respond", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public void Check_AuthorityWithoutEncryption_IsRefused()
    {
        var error = Assert.Throws<InvalidDataException>(() => (oidc with { Authority = new("http://login.example.com") }).Check());
        Assert.Contains("must begin with https://", error.Message);
    }

    async Task<string> RedirectAddress(params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = studio.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in/provider");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request);
        return Uri.UnescapeDataString(response.Headers.Location!.Query.Split("redirect_uri=")[1].Split('&')[0]);
    }

    async Task<Project> Hotel()
    {
        using var owner = await studio.SignIn("Olga", Role.Owner);
        return studio.Store.Projects.Add("hotel", new(), studio.Store.People.Find("Olga")!.Id);
    }

    async Task Refused(string message)
    {
        using var visitor = new Visitor(studio.Address);
        using var response = await visitor.Get("/sign-in/provider");
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains(message, WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync()));
    }

    async Task<Visitor> SignIn()
    {
        var visitor = new Visitor(studio.Address);
        await Open(visitor, "/sign-in/provider");
        return visitor;
    }

    static async Task<string> Open(Visitor visitor, string path)
    {
        using var response = (await visitor.Get(path)).EnsureSuccessStatusCode();
        return response.RequestMessage!.RequestUri!.AbsolutePath;
    }

    public ValueTask DisposeAsync() => own?.DisposeAsync() ?? ValueTask.CompletedTask;
}
