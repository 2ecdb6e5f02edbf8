using Attune.Store;
using Attune.Studio.Api;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Invitations;

/// <summary>Invitations to a project: making and revoking them, and joining with one.</summary>
static class InvitationRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/invitations", (long project) =>
            new RazorComponentResult<InvitationsPage>(new { Id = project })).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/invitations", Add).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/invitations/{invitation:long}/revoke", Revoke).Require(Role.Reviewer);
        app.MapGet("/invite/{token}", Show).AllowAnonymous();
        app.MapPost("/invite/account", Join).AllowAnonymousForm();
        app.MapPost("/invite/accept", Accept).Require(Role.Annotator);
        MapApi(app);
    }

    static void MapApi(WebApplication app)
    {
        var api = app.MapGroup("/api/projects/{project:long}").Require(Role.Reviewer).Api(AccessScope.Manage)
            .WithTags("Members");
        api.MapGet("/invitations", List).Describe("listInvitations", "List the invitations to a project").Produces<InvitationList>();
        api.MapPost("/invitations", Create).Describe("createInvitation", "Make an invitation",
            "The response has the link, which is not shown again. Reviewers may invite annotators only.")
            .Produces<CreatedInvitation>(StatusCodes.Status201Created);
        api.MapDelete("/invitations/{invitation:long}", Delete).Describe("revokeInvitation", "Revoke an invitation",
            "People who have joined with it stay members.").Produces(StatusCodes.Status204NoContent);
    }

    static RazorComponentResult<InvitationsPage> Add(HttpContext context, PreferenceStore store, long project,
        [FromForm] EnumName<Role> role, [FromForm] int days, [FromForm] int uses, [FromForm] string? email)
    {
        var (_, link) = Make(context, store, project, new()
        {
            Role = role, Days = days, Uses = uses, Email = string.IsNullOrWhiteSpace(email) ? null : email.Trim(),
        });
        return new(new { Id = project, Link = link });
    }

    static (long Id, string Link) Make(HttpContext context, PreferenceStore store, long project, InvitationOptions options)
    {
        var by = context.Person();
        if (options.Email is not null && context.RequestServices.GetRequiredService<StudioOptions>().Oidc is null)
            throw new InvalidDataException(
                "only a provider can verify e-mail addresses, and this studio has none; leave the address out");
        if (!by.CanSignIn)
            throw new InvalidDataException("before you invite others, set a password for yourself on the page “You”");
        var (id, token) = store.Invitations.Add(project, options, by);
        return (id, $"{context.Request.Origin()}/invite/{token}");
    }

    static IResult Revoke(HttpContext context, PreferenceStore store, long project, long invitation) =>
        store.Invitations.Revoke(project, invitation, context.Person().Id)
            ? Results.LocalRedirect($"/projects/{project}/invitations") : Results.NotFound();

    static IResult List(PreferenceStore store, long project) =>
        Results.Ok(new InvitationList([.. store.Invitations.Of(project).Select(InvitationSummary.From)]));

    static IResult Create(HttpContext context, PreferenceStore store, long project, InvitationOptions options)
    {
        var (id, link) = Make(context, store, project, options);
        return Results.Created($"/api/projects/{project}/invitations", new CreatedInvitation(id, link));
    }

    static IResult Delete(HttpContext context, PreferenceStore store, long project, long invitation) =>
        store.Invitations.Revoke(project, invitation, context.Person().Id) ? Results.NoContent() : Results.NotFound();

    static RazorComponentResult<InvitePage> Show(PreferenceStore store, string token)
    {
        var invitation = store.Invitations.Find(token);
        return new(new { Token = token, Invitation = invitation })
        {
            StatusCode = invitation is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK,
        };
    }

    static async Task<IResult> Join(HttpContext context, PreferenceStore store, [FromForm] string token, [FromForm] string name,
        [FromForm] string password)
    {
        if (store.Invitations.Find(token) is not { } invitation)
            return Show(store, token);     // before the password is hashed, which takes time
        var person = store.Invitations.Join(token, name, Passwords.Hash(password, name));
        await Session.Begin(context, person);
        store.People.SignedIn(person, "invitation");
        return Results.LocalRedirect($"/projects/{invitation.Project}");
    }

    static IResult Accept(HttpContext context, PreferenceStore store, [FromForm] string token) =>
        Results.LocalRedirect($"/projects/{store.Invitations.Accept(token, context.Person().Id)}");
}
