using Attune.Store;
using Microsoft.Playwright;

namespace Attune.Studio.Tests;

/// <summary>In a browser: an owner invites, somebody joins with the provider on a phone in the dark, and makes a token.</summary>
public sealed class IdentityPagesTests(Browser browser)
{
    [Fact]
    public async Task Invitation_Provider_Token_WalkedOnAPhone()
    {
        await using var provider = await TestProvider.Start();
        await using var studio = await RunningStudio.Start(change: options => options with
        {
            Oidc = new()
            {
                Authority = provider.Address, ClientId = TestProvider.ClientId, ClientSecret = TestProvider.Secret, Name = "Acme",
            },
        });
        var olga = studio.Store.People.Add("Olga", Role.Owner);
        var hotel = studio.Store.Projects.Add("hotel", new(), olga.Id);
        await using var owner = await browser.Open(studio.Address);
        await owner.Page.GotoAsync($"/join/{studio.Store.People.NewLink(olga.Id)}");
        await owner.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await owner.Page.GotoAsync($"/projects/{hotel.Id}/people");
        await owner.Page.GetByRole(AriaRole.Link, new() { Name = "Invitations" }).ClickAsync();
        await owner.Page.GetByLabel("Role of new accounts").SelectOptionAsync("Reviewer");
        await owner.Page.GetByRole(AriaRole.Button, new() { Name = "Make invitation" }).ClickAsync();
        var link = await owner.Find("#link").InnerTextAsync();
        await Fits(owner, "invitations");

        await using var mia = await browser.Open(studio.Address, new()
        {
            ViewportSize = new() { Width = 390, Height = 800 }, ColorScheme = ColorScheme.Dark,
        });
        await mia.Page.GotoAsync(link);
        await Fits(mia, "invite");
        await mia.Page.GetByRole(AriaRole.Link, new() { Name = "Join with Acme" }).ClickAsync();
        await mia.Shows("h1", "hotel");
        await mia.Page.GotoAsync("/me");
        await mia.Shows("main", "You can sign in with your account at Acme");
        await mia.Page.GetByLabel("Name", new() { Exact = true }).Last.FillAsync("nightly export");
        await mia.Page.GetByLabel("export").CheckAsync();
        Assert.Equal(0, await mia.Page.GetByLabel("import").CountAsync());      // not for a reviewer
        await mia.Page.GetByRole(AriaRole.Button, new() { Name = "Make token" }).ClickAsync();
        Assert.StartsWith(AccessTokens.Prefix, await mia.Find("#token").InnerTextAsync());
        await Fits(mia, "token");
        await mia.Page.GetByRole(AriaRole.Link, new() { Name = "Back to your tokens" }).ClickAsync();
        await mia.Shows("#tokens", "nightly export");
        await Fits(mia, "me");
        await mia.Page.GetByRole(AriaRole.Link, new() { Name = "API" }).ClickAsync();
        await mia.Page.GetByText("Download an export").ClickAsync();
        await mia.Shows("details[open]", "Scope: export. Role: reviewer.");
        await Fits(mia, "api");
        await mia.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await mia.Shows("main", "Sign in with Acme");
        await Fits(mia, "sign-in");
    }

    static async Task Fits(BrowserPage page, string name) =>
        Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"{name} is too wide");
}
