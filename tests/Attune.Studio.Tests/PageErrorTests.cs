using System.Net;
using Attune.Store;
using Attune.Studio.Layout;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Tests;

/// <summary>Pages that cannot be drawn.</summary>
public sealed class PageErrorTests
{
    [Fact]
    public async Task EveryPage_Throws_ShowsTheMessageWithAllHeaders()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new(), 1);
        studio.Store.People.Add("Mia", Role.Annotator);
        studio.Execute("UPDATE project SET settings = 'x'; UPDATE person SET created_at = 9000000000000000000 WHERE name = 'Mia'");
        using var visitor = new Visitor(studio.Address);
        var thrown = 0;
        foreach (var path in Pages(studio, project.Id))
        {
            using var response = await visitor.Get(path);
            if (response.StatusCode != HttpStatusCode.InternalServerError)
                continue;
            thrown++;
            Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Contains("An error occurred in the studio", await response.Content.ReadAsStringAsync());
        }
        Assert.InRange(thrown, 14, 30);
    }

    [Theory]
    [InlineData("/projects/{0}/adjudicate?item=99999", "there is no such item")]
    [InlineData("/projects/{0}/export?person=nobody", "there is no person named nobody")]
    public async Task Page_InvalidInput_ShowsTheMessage(string path, string message)
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new(), 1);
        using var visitor = new Visitor(studio.Address);
        using var response = await visitor.Get(string.Format(System.Globalization.CultureInfo.InvariantCulture, path, project.Id));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(message, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Guidelines_NestedTooDeeply_AreShownAsText()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("hotel", new() { Guidelines = new string('>', 20_000) }, 1);
        using var visitor = new Visitor(studio.Address);
        Assert.Contains(string.Concat(Enumerable.Repeat("&gt;", 20_000)), await visitor.Page($"/projects/{project.Id}"));
        Assert.Contains("id=\"annotate\"", await visitor.Page($"/projects/{project.Id}/annotate"));
    }

    [Theory]
    [InlineData("[a](")]
    [InlineData("[")]
    [InlineData("*a ")]
    [InlineData("> ")]
    [InlineData("|a")]
    public void ToHtml_ManyMarks_AreBoundedOverAllTexts(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, 2_000));
        var markdown = new SafeMarkdown();
        var from = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 40; i++)
            markdown.ToHtml(text);
        Assert.Null(markdown.ToHtml(text));
        Assert.True(TimeProvider.System.GetElapsedTime(from) < TimeSpan.FromSeconds(5), $"{TimeProvider.System.GetElapsedTime(from)}");
    }

    static IEnumerable<string> Pages(RunningStudio studio, long project) =>
        from endpoint in studio.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        where endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Contains("GET")
        let pattern = endpoint.RoutePattern.RawText!.TrimStart('/')
        where !pattern.StartsWith("api/", StringComparison.Ordinal)
        select "/" + string.Join('/', pattern.Split('/').Select(part =>
            part == "{project:long}" ? $"{project}" : part.StartsWith('{') ? "1" : part));
}
