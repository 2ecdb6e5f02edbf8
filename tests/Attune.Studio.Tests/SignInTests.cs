using System.Net;
using Attune.Store;

namespace Attune.Studio.Tests;

public sealed class SignInTests
{
    [Fact]
    public async Task OnePersonOnTheSameMachineNeedsNoAccount()
    {
        await using var studio = await RunningStudio.Start();
        using var visitor = new Visitor(studio.Address);
        Assert.Contains("New project", await visitor.Page("/"));
    }

    [Fact]
    public async Task SoonAsSomebodyHasALinkEverybodySignsIn()
    {
        await using var studio = await RunningStudio.Start();
        using var owner = await studio.SignIn("Olga", Role.Owner);
        Assert.Contains("New project", await owner.Page("/"));
        using var stranger = new Visitor(studio.Address);
        Assert.Contains("<h1>Sign in</h1>", await stranger.Page("/"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.Post("/projects/new", ("name", "x"))).StatusCode);
    }

    [Fact]
    public async Task AProjectIsMadeByItsForm()
    {
        await using var studio = await RunningStudio.Start();
        using var owner = new Visitor(studio.Address);
        var page = await owner.Post("/projects/new", ("name", "hotel"), ("Task", "Pairwise"), ("StrengthLevels", "7"),
            ("RatingLevels", "0"), ("Overlap", "2"),
            ("OverlapPercent", "25"), ("Order", "Random"), ("RandomPercent", "20"), ("CheckEvery", "10"), ("CalibrationPercent", "0"),
            ("LeaseMinutes", "30"), ("Ties", "true"));
        Assert.Contains("<bdi>hotel</bdi>", await page.Content.ReadAsStringAsync());
        var settings = studio.Store.Projects.Find("hotel")!.Settings;
        Assert.Equal(new ProjectSettings
        {
            StrengthLevels = 7, Overlap = 2, OverlapShare = 0.25, Order = ItemOrder.Random, CheckEvery = 10, AllBad = false,
            Rationale = false, IdealAnswer = false,
        }, settings with { Questions = [] });     // records compare lists by reference
        Assert.Empty(settings.Questions);
        Assert.Contains("value=\"25\"", await owner.Page($"/projects/{studio.Store.Projects.Find("hotel")!.Id}/settings"));
    }
}
