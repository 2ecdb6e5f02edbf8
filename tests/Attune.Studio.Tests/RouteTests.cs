using System.Net;
using System.Reflection;
using Attune.Store;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Tests;

/// <summary>
/// Every route with the lowest role that may use it. A route that is missing here fails the test: decide who may use it, then add it.
/// </summary>
public sealed class RouteTests
{
    const string Anyone = "Anyone";

    static readonly Dictionary<string, string> Expected = new()
    {
        ["GET /assets/{name}"] = Anyone,
        ["GET /sign-in"] = Anyone,
        ["POST /sign-in"] = Anyone,
        ["GET /sign-in/provider"] = Anyone,
        ["GET /me/provider"] = "Annotator",
        ["POST /me/provider/remove"] = "Annotator",
        ["GET /join/{token}"] = Anyone,
        ["POST /join"] = Anyone,
        ["POST /sign-out"] = "Annotator",
        ["POST /sign-out/everywhere"] = "Annotator",

        ["GET /people"] = "Owner",
        ["GET /people/log"] = "Owner",
        ["POST /people"] = "Owner",
        ["POST /people/{person:long}/link"] = "Owner",
        ["POST /people/{person:long}/link/remove"] = "Owner",
        ["POST /people/{person:long}/role"] = "Owner",
        ["POST /people/{person:long}/disabled"] = "Owner",
        ["POST /people/{person:long}/tokens/revoke"] = "Owner",
        ["GET /me"] = "Annotator",
        ["POST /me/password"] = "Annotator",
        ["POST /me/tokens"] = "Annotator",
        ["POST /me/tokens/{token:long}/revoke"] = "Annotator",

        ["GET /api"] = "Annotator",
        ["GET /api/openapi.json"] = "Annotator",
        ["GET /api/projects"] = "Annotator",
        ["POST /api/projects"] = "Owner",
        ["GET /api/projects/{project:long}"] = "Annotator",
        ["GET /api/projects/{project:long}/agreement"] = "Reviewer",
        ["POST /api/projects/{project:long}/items"] = "Owner",
        ["GET /api/projects/{project:long}/export"] = "Reviewer",

        ["GET /"] = "Annotator",
        ["GET /projects/new"] = "Owner",
        ["POST /projects/new"] = "Owner",
        ["GET /projects/{project:long}"] = "Annotator",
        ["GET /projects/{project:long}/settings"] = "Owner",
        ["POST /projects/{project:long}/settings"] = "Owner",
        ["POST /projects/{project:long}/members"] = "Owner",
        ["POST /projects/{project:long}/archived"] = "Owner",

        ["GET /projects/{project:long}/invitations"] = "Reviewer",
        ["POST /projects/{project:long}/invitations"] = "Reviewer",
        ["POST /projects/{project:long}/invitations/{invitation:long}/revoke"] = "Reviewer",
        ["GET /invite/{token}"] = Anyone,
        ["POST /invite/account"] = Anyone,
        ["POST /invite/accept"] = "Annotator",
        ["GET /api/projects/{project:long}/invitations"] = "Reviewer",
        ["POST /api/projects/{project:long}/invitations"] = "Reviewer",
        ["DELETE /api/projects/{project:long}/invitations/{invitation:long}"] = "Reviewer",
        ["GET /projects/{project:long}/people"] = "Annotator",
        ["GET /projects/{project:long}/people/{person:long}"] = "Reviewer",
        ["POST /projects/{project:long}/people/{person:long}/calibration"] = "Reviewer",
        ["GET /projects/{project:long}/feedback"] = "Annotator",
        ["GET /projects/{project:long}/agreement"] = "Reviewer",
        ["GET /projects/{project:long}/leaderboard"] = "Reviewer",
        ["GET /projects/{project:long}/adjudicate"] = "Reviewer",
        ["POST /projects/{project:long}/adjudicate/{item:long}"] = "Reviewer",
        ["GET /projects/{project:long}/review"] = "Reviewer",
        ["POST /projects/{project:long}/review/{decision:long}/accept"] = "Reviewer",
        ["POST /projects/{project:long}/review/{decision:long}/correct"] = "Reviewer",
        ["POST /projects/{project:long}/review/{decision:long}/reject"] = "Reviewer",
        ["POST /projects/{project:long}/review/waiting"] = "Reviewer",
        ["GET /projects/{project:long}/norming"] = "Annotator",
        ["POST /projects/{project:long}/norming"] = "Reviewer",
        ["GET /projects/{project:long}/norming/{norming:long}"] = "Annotator",
        ["POST /projects/{project:long}/norming/{norming:long}/close"] = "Reviewer",
        ["POST /projects/{project:long}/norming/{norming:long}/items/{item:long}"] = "Annotator",
        ["POST /projects/{project:long}/norming/{norming:long}/items/{item:long}/notes"] = "Annotator",
        ["GET /projects/{project:long}/items"] = "Reviewer",
        ["POST /projects/{project:long}/items"] = "Owner",
        ["GET /projects/{project:long}/items/{item:long}"] = "Reviewer",
        ["GET /projects/{project:long}/audit"] = "Reviewer",
        ["GET /projects/{project:long}/export"] = "Reviewer",
        ["GET /projects/{project:long}/export/download"] = "Reviewer",
        ["POST /projects/{project:long}/export/snapshot"] = "Owner",
        ["GET /projects/{project:long}/annotate"] = "Annotator",
        ["POST /api/projects/{project:long}/next"] = "Annotator",
        ["POST /api/projects/{project:long}/decisions"] = "Annotator",
        ["GET /api/projects/{project:long}/last"] = "Annotator",
        ["POST /api/projects/{project:long}/undo"] = "Annotator",
        ["GET /api/projects/{project:long}/progress"] = "Annotator",
        ["GET /api/projects/{project:long}/recent"] = "Annotator",
        ["GET /api/projects/{project:long}/decisions/{decision:long}"] = "Annotator",
        ["PUT /api/projects/{project:long}/decisions/{decision:long}"] = "Annotator",
        ["GET /projects/{project:long}/dialogues"] = "Annotator",
        ["POST /projects/{project:long}/dialogues"] = "Annotator",
        ["GET /projects/{project:long}/dialogues/{dialogue:long}"] = "Annotator",
        ["POST /projects/{project:long}/dialogues/{dialogue:long}/turns/{turn:long}/continue"] = "Annotator",
        ["POST /projects/{project:long}/dialogues/{dialogue:long}/turns/{turn:long}/choice"] = "Annotator",
        ["POST /projects/{project:long}/dialogues/{dialogue:long}/turns/{turn:long}/retry"] = "Annotator",
        ["GET /projects/{project:long}/dialogues/{dialogue:long}/turns/{turn:long}/state"] = "Annotator",
        ["GET /projects/{project:long}/task"] = "Annotator",
        ["POST /projects/{project:long}/task"] = "Annotator",
        ["POST /projects/{project:long}/task/undo"] = "Annotator",
        ["POST /projects/{project:long}/task/own"] = "Annotator",
        ["GET /projects/{project:long}/models"] = "Owner",
        ["POST /projects/{project:long}/models"] = "Owner",
        ["GET /projects/{project:long}/loop"] = "Owner",
        ["POST /projects/{project:long}/loop/sample"] = "Owner",
        ["POST /projects/{project:long}/loop/score"] = "Owner",
        ["GET /projects/{project:long}/loop/train"] = "Owner",
        ["POST /projects/{project:long}/loop/train"] = "Owner",
        ["GET /projects/{project:long}/jobs/{job:long}"] = "Owner",
        ["POST /projects/{project:long}/jobs/{job:long}/stop"] = "Owner",
        ["GET /api/projects/{project:long}/jobs"] = "Owner",
        ["GET /api/projects/{project:long}/jobs/{job:long}"] = "Owner",
        ["GET /runs"] = "Owner",
        ["GET /runs/compare"] = "Owner",
        ["GET /runs/{run}"] = "Owner",
        ["GET /runs/{run}/report"] = "Owner",
        ["POST /runs/{run}/stop"] = "Owner",
        ["POST /runs/{run}/resume"] = "Owner",
        ["GET /api/runs/{run}/live"] = "Owner",
    };

    [Fact]
    public async Task EveryRouteIsKnownAndAsksForItsRole()
    {
        await using var studio = await RunningStudio.Start();
        var found = Routes(studio).ToDictionary(route => route.Name, route => route.Policy);
        Assert.Equal(Expected.OrderBy(row => row.Key, StringComparer.Ordinal), found.OrderBy(row => row.Key, StringComparer.Ordinal));
    }

    [Fact]
    public async Task EveryRoute_IdsThatDoNotExist_Returns404()
    {
        await using var studio = await RunningStudio.Start();
        var project = studio.Project("mine", new(), 1);
        using var owner = new Visitor(studio.Address);
        foreach (var (name, _) in Routes(studio).Where(route => route.Name.Contains(":long}")))
            foreach (var known in name.Split(":long}").Length > 2 ? new[] { 99_999, project.Id } : [99_999])
            {
                if (name.Contains("{decision") && known == project.Id)
                    continue;     // decisions that are not there are a conflict
                var path = string.Join('/', name.Split(' ')[1].Split('/')
                    .Select(part => part == "{project:long}" ? $"{known}" : part.StartsWith('{') ? "99999" : part));
                using var response = await owner.Send(new(name.Split(' ')[0]), path);
                Assert.True(response.StatusCode == HttpStatusCode.NotFound, $"{name} gave {response.StatusCode} for {path}");
                Assert.Contains("This page does not exist", await response.Content.ReadAsStringAsync());
            }
    }

    [Fact]
    public async Task Parameters_Enumerations_AreReadByName()
    {
        await using var studio = await RunningStudio.Start();
        var handlers = studio.App.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Select(endpoint => endpoint.Metadata.GetMetadata<MethodInfo>()).OfType<MethodInfo>().ToList();
        Assert.NotEmpty(handlers);
        var types = handlers.SelectMany(handler => handler.GetParameters()).SelectMany(parameter =>
            parameter.IsDefined(typeof(Microsoft.AspNetCore.Http.AsParametersAttribute), inherit: false)
                ? parameter.ParameterType.GetProperties().Select(property => property.PropertyType) : [parameter.ParameterType]);
        Assert.DoesNotContain(types, type => (Nullable.GetUnderlyingType(type) ?? type).IsEnum);
    }

    [Fact]
    public async Task NoRouteLetsInWhoMayNotUseIt()
    {
        await using var studio = await RunningStudio.Start();
        var (mine, other) = (studio.Project("mine", new(), 1), studio.Project("other", new(), 1));
        var visitors = new Dictionary<string, Visitor> { [Anyone] = new(studio.Address) };
        foreach (var role in Enum.GetValues<Role>())
        {
            visitors[role.ToString()] = await studio.SignIn($"{role}", role);
            studio.Store.Projects.SetMembers(mine.Id, [.. studio.Store.Projects.Members(mine.Id), studio.Store.People.Find($"{role}")!.Id],
                1);
        }
        foreach (var (name, policy) in Routes(studio).Where(route => route.Policy != Anyone))
        {
            await AssertRefused(visitors[Anyone], name, mine.Id, HttpStatusCode.Unauthorized);
            foreach (var role in Enum.GetValues<Role>().Where(role => role < Enum.Parse<Role>(policy)))
                await AssertRefused(visitors[role.ToString()], name, mine.Id, HttpStatusCode.Forbidden);
            if (name.Contains($"{{{Policies.Project}"))
                await AssertRefused(visitors["Reviewer"], name, other.Id, HttpStatusCode.Forbidden);
        }
        foreach (var visitor in visitors.Values)
            visitor.Dispose();
    }

    /// <summary>A page may redirect to the sign-in page instead.</summary>
    static async Task AssertRefused(Visitor visitor, string route, long project, HttpStatusCode expected)
    {
        var (method, pattern) = (route.Split(' ')[0], route.Split(' ')[1]);
        var path = string.Join('/',
            pattern.Split('/').Select(part => part == "{project:long}" ? $"{project}" : part.StartsWith('{') ? "1" : part));
        using var response = await visitor.Send(new(method), path);
        var signIn = expected == HttpStatusCode.Unauthorized && response.RequestMessage!.RequestUri!.AbsolutePath == "/sign-in";
        Assert.True(response.StatusCode == expected || signIn, $"{route} gave {response.StatusCode} where {expected} was expected");
    }

    static IEnumerable<(string Name, string Policy)> Routes(RunningStudio studio) =>
        from endpoint in studio.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
        let pattern = endpoint.RoutePattern.RawText!
        select ($"{method} {(pattern.StartsWith('/') ? pattern : "/" + pattern)}", PolicyOf(endpoint));

    static string PolicyOf(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null ? Anyone
        : endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>() is [.., { Policy: { } policy }] ? policy
        : "nothing is said";
}
