using Attune.Store;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Accounts;

/// <summary>The owner's list of people, and everyone's own page.</summary>
static class AccountRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/people", () => new RazorComponentResult<AccountsPage>()).Require(Role.Owner);
        app.MapGet("/people/log", (long? before) =>
            new RazorComponentResult<AccountLogPage>(new { Before = before ?? long.MaxValue })).Require(Role.Owner);
        app.MapPost("/people", Add).Require(Role.Owner);
        app.MapPost("/people/{person:long}/link", NewLink).Require(Role.Owner);
        app.MapPost("/people/{person:long}/link/remove", RemoveLink).Require(Role.Owner);
        app.MapPost("/people/{person:long}/tokens/revoke", RevokeTokens).Require(Role.Owner);
        app.MapPost("/people/{person:long}/role", SetRole).Require(Role.Owner);
        app.MapPost("/people/{person:long}/disabled", Disable).Require(Role.Owner);
        app.MapGet("/me", () => new RazorComponentResult<MePage>()).Require(Role.Annotator);
        app.MapPost("/me/password", SetPassword).Require(Role.Annotator);
        app.MapPost("/me/tokens", AddToken).Require(Role.Annotator);
        app.MapPost("/me/tokens/{token:long}/revoke", RevokeToken).Require(Role.Annotator);
    }

    static IResult Add(HttpContext context, PreferenceStore store, [FromForm] string name, [FromForm] EnumName<Role> role)
    {
        var by = context.Person();
        if (!by.CanSignIn)
            throw new InvalidDataException("before you invite others, set a password for yourself on the page “You”");
        var person = store.People.Add(name, role, by.Id);
        return Linked(context, store, person.Id);
    }

    static IResult NewLink(HttpContext context, PreferenceStore store, long person) => Linked(context, store, person);

    /// <summary>The link is shown only in this response.</summary>
    static RazorComponentResult<LinkPage> Linked(HttpContext context, PreferenceStore store, long id)
    {
        var person = store.People.Find(id) ?? throw new InvalidDataException("there is no such person");
        var token = store.People.NewLink(id, context.Person().Id);
        return new(new { Name = person.Name, Link = $"{context.Request.Origin()}/join/{token}" });
    }

    static IResult RemoveLink(HttpContext context, PreferenceStore store, long person)
    {
        store.People.RemoveLink(person, context.Person().Id);
        return Results.LocalRedirect("/people");
    }

    static IResult RevokeTokens(HttpContext context, PreferenceStore store, long person)
    {
        store.Tokens.RevokeAll(person, context.Person().Id);
        return Results.LocalRedirect("/people");
    }

    static IResult SetRole(HttpContext context, PreferenceStore store, long person, [FromForm] EnumName<Role> role)
    {
        store.People.SetRole(person, role, context.Person().Id);
        return Results.LocalRedirect("/people");
    }

    static IResult Disable(HttpContext context, PreferenceStore store, long person, [FromForm] bool disabled)
    {
        store.People.Disable(person, disabled, context.Person().Id);
        return Results.LocalRedirect("/people");
    }

    /// <summary>The token is shown only in this response.</summary>
    static RazorComponentResult<TokenPage> AddToken(HttpContext context, PreferenceStore store, IFormCollection form,
        [FromForm] string name, [FromForm] int days)
    {
        var token = store.Tokens.Add(context.Person().Id, name, [.. form["scopes"].Select(Scope)], days);
        return new(new { Name = name, Token = token, Studio = context.Request.Origin() });
    }

    static AccessScope Scope(string? name) => EnumName<AccessScope>.TryParse(name, null, out var scope) ? scope
        : throw new InvalidDataException($"a scope must be one of {string.Join(", ", Enum.GetNames<AccessScope>())} (was {name})");

    static IResult RevokeToken(HttpContext context, PreferenceStore store, long token) =>
        store.Tokens.Revoke(context.Person().Id, token) ? Results.LocalRedirect("/me#tokens") : Results.NotFound();

    /// <summary>Ends all sessions of the person and starts a new one for this browser.</summary>
    static async Task<IResult> SetPassword(HttpContext context, PreferenceStore store, SignInLimits limits, [FromForm] string password,
        [FromForm] string? current, [FromForm] string? name)
    {
        var person = context.Person();
        if (store.People.PasswordHash(person.Id) is { } old)
        {
            if (!limits.AllowKnown($"password of {person.Id}"))
                return Results.StatusCode(StatusCodes.Status429TooManyRequests);
            if (!Passwords.Verify(old, current ?? ""))
                throw new InvalidDataException("the current password is wrong; nothing was changed");
        }
        var hash = Passwords.Hash(password, string.IsNullOrWhiteSpace(name) ? person.Name : name);
        if (!string.IsNullOrWhiteSpace(name) && name != person.Name)
            store.People.Rename(person.Id, name);
        store.People.SetPassword(person.Id, hash);
        await Session.Begin(context, store.People.Find(person.Id)!);
        return Results.LocalRedirect("/me");
    }
}
