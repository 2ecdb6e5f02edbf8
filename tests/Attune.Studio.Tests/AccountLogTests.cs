using System.Net;
using Attune.Store;

namespace Attune.Studio.Tests;

/// <summary>What the account log shows.</summary>
public sealed class AccountLogTests
{
    [Fact]
    public async Task AccountLog_AfterSignInsAndChanges_HasThemAndIsForOwners()
    {
        await using var studio = await RunningStudio.Start();
        using var owner = await studio.SignIn("Olga", Role.Owner);
        using var ann = await studio.SignIn("Ann", Role.Annotator);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.Get("/people/log")).StatusCode);
        await owner.Post($"/people/{studio.Store.People.Find("Ann")!.Id}/role", ("role", "Reviewer"));
        var page = WebUtility.HtmlDecode(await owner.Page("/people/log"));
        foreach (var text in new[] { "signed in", """{"with":"personal link"}""", "link made", "role set to Reviewer", "<bdi>Ann</bdi>" })
            Assert.Contains(text, page);
        Assert.Equal(2, page.Split("<td>signed in</td>").Length - 1);
    }
}
