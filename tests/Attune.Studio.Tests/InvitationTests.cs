using System.Net;
using Attune.Store;

namespace Attune.Studio.Tests;

public sealed class InvitationTests(SharedStudio shared) : IClassFixture<SharedStudio>, IAsyncLifetime
{
    Visitor owner = null!;
    Project hotel = null!;

    RunningStudio Studio => shared.Studio;

    public async ValueTask InitializeAsync()
    {
        owner = await shared.Visitor("Olga", Role.Owner);
        hotel = Studio.Store.Projects.Add($"hotel {Guid.NewGuid():N}", new(), Studio.Store.People.Find("Olga")!.Id);
    }

    [Fact]
    public async Task Link_OpenedByAStranger_MakesAnAccountThatIsAMember()
    {
        var link = await Invite(owner);
        using var mia = new Visitor(Studio.Address);
        Assert.Contains($"Join <bdi>{hotel.Name}</bdi>", await mia.Page(link));
        using var weak = await mia.Post("/invite/account", ("token", Token(link)), ("name", "Mia"), ("password", "1234567890"));
        Assert.Equal(HttpStatusCode.BadRequest, weak.StatusCode);
        using var joined = await mia.Post("/invite/account", ("token", Token(link)), ("name", "Mia"), ("password", "correct horse"));
        Assert.Equal($"/projects/{hotel.Id}", joined.RequestMessage!.RequestUri!.AbsolutePath);
        Assert.Equal(Role.Annotator, Studio.Store.People.Find("Mia")!.Role);
        using var again = new Visitor(Studio.Address);
        (await again.Post("/sign-in", ("name", "mia"), ("password", "correct horse"))).EnsureSuccessStatusCode();
        using var replay = new Visitor(Studio.Address);
        using var used = await replay.Post("/invite/account", ("token", Token(link)), ("name", "Eve"), ("password", "battery staple"));
        Assert.Equal(HttpStatusCode.NotFound, used.StatusCode);
        Assert.Null(Studio.Store.People.Find("Eve"));
        Assert.Contains($"invitation {Studio.Store.Invitations.Of(hotel.Id)[0].Id}", await owner.Page($"/projects/{hotel.Id}/audit"));
    }

    [Fact]
    public async Task Link_OpenedBySomebodyWithAnAccount_AddsThem()
    {
        using var ann = await Studio.SignIn("Ann", Role.Annotator);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.Get($"/projects/{hotel.Id}")).StatusCode);
        var link = await Invite(owner);
        Assert.Contains("signed in as", await ann.Page(link));
        (await ann.Post("/invite/accept", ("token", Token(link)))).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, (await ann.Get($"/projects/{hotel.Id}")).StatusCode);
    }

    [Fact]
    public async Task Revoke_Link_IsNotValidAnyMore()
    {
        var link = await Invite(owner);
        var id = Assert.Single(Studio.Store.Invitations.Of(hotel.Id)).Id;
        var other = Studio.Store.Projects.Add("other", new(), Studio.Store.People.Find("Olga")!.Id);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.Post($"/projects/{other.Id}/invitations/{id}/revoke")).StatusCode);
        (await owner.Post($"/projects/{hotel.Id}/invitations/{id}/revoke")).EnsureSuccessStatusCode();
        using var mia = new Visitor(Studio.Address);
        using var page = await mia.Get(link);
        Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
        Assert.Contains("This invitation is not valid", await page.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Reviewer_InvitesAnnotatorsOnly()
    {
        using var rita = await Studio.SignIn("Rita", Role.Reviewer);
        Studio.Store.Projects.SetMembers(hotel.Id, [Studio.Store.People.Find("Rita")!.Id], 1);
        await Invite(rita);
        using var refused = await Post(rita, "Reviewer");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.DoesNotContain("<option>Reviewer", await rita.Page($"/projects/{hotel.Id}/invitations"));
    }

    [Fact]
    public async Task SinglePerson_InvitesNobodyBeforeTheyCanSignIn()
    {
        await using var alone = await RunningStudio.Start();
        var project = alone.Project("hotel", new(), 1);
        using var you = new Visitor(alone.Address);
        using var refused = await you.Post($"/projects/{project.Id}/invitations", ("role", "Annotator"), ("days", "7"), ("uses", "1"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("set a password for yourself", await refused.Content.ReadAsStringAsync());
    }

    async Task<string> Invite(Visitor by)
    {
        using var made = (await Post(by, "Annotator")).EnsureSuccessStatusCode();
        return (await made.Content.ReadAsStringAsync()).Split("id=\"link\">")[1].Split('<')[0];
    }

    Task<HttpResponseMessage> Post(Visitor by, string role) =>
        by.Post($"/projects/{hotel.Id}/invitations", ("role", role), ("days", "7"), ("uses", "1"));

    static string Token(string link) => link.Split('/')[^1];

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
