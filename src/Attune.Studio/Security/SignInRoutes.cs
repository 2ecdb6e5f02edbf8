using Attune.Store;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Security;

/// <summary>Signing in with a password, a personal link or an OpenID Connect provider, and signing out.</summary>
static class SignInRoutes
{
    const string WrongPassword = "The name or the password is wrong. Use the name that the owner of the studio gave you.";

    public static void Map(WebApplication app)
    {
        app.MapGet("/sign-in", (string? to) => new RazorComponentResult<SignInPage>(new { To = to })).AllowAnonymous();
        app.MapPost("/sign-in", SignIn).AllowAnonymousForm();
        app.MapGet("/sign-in/provider", WithProvider).AllowAnonymous();
        app.MapGet("/me/provider", LinkProvider).Require(Role.Annotator);
        app.MapPost("/me/provider/remove", UnlinkProvider).Require(Role.Annotator);
        app.MapGet("/join/{token}", (string token) => new RazorComponentResult<JoinPage>(new { Token = token })).AllowAnonymous();
        app.MapPost("/join", Join).AllowAnonymousForm();
        app.MapPost("/sign-out", SignOut).Require(Role.Annotator);
        app.MapPost("/sign-out/everywhere", SignOutEverywhere).Require(Role.Annotator);
    }

    static async Task<IResult> SignIn(HttpContext context, PreferenceStore store, SignInLimits limits, KnownBrowser browsers,
        [FromForm] string name, [FromForm] string password, [FromForm] string? to)
    {
        name = name.Length <= People.LongestName ? name.Trim() : "";     // nobody has a longer name
        var person = store.People.Find(name);
        var browser = person is null ? null : browsers.IdOf(context, person);
        if (!(browser is null ? limits.Allow(context, person?.Name ?? name.ToUpperInvariant()) : limits.AllowKnown(browser)))
            return Results.StatusCode(StatusCodes.Status429TooManyRequests);
        if (!Passwords.Verify(person is null ? null : store.People.PasswordHash(person.Id), password) || person is null)
            return new RazorComponentResult<SignInPage>(new { To = to, Problem = WrongPassword })
            {
                StatusCode = StatusCodes.Status401Unauthorized,
            };
        await Session.Begin(context, person);
        store.People.SignedIn(person, "password");
        return Results.LocalRedirect(Local(to));
    }

    static async Task<IResult> WithProvider(HttpContext context, StudioOptions options, string? to, string? invite)
    {
        if (options.Oidc is null)
            return Results.NotFound();
        await OidcSignIn.Start(context, Local(to), invite);
        return Results.Empty;
    }

    static async Task<IResult> LinkProvider(HttpContext context, StudioOptions options, string? token)
    {
        var person = context.Person();
        if (options.Oidc is null)
            return Results.NotFound();
        if (!OidcSignIn.IsLinkToken(context, person, token ?? ""))
            throw new InvalidDataException("this page has expired; go to your own page and try again");
        await OidcSignIn.Start(context, "/me", invitation: null, person.Id);
        return Results.Empty;
    }

    static IResult UnlinkProvider(HttpContext context, PreferenceStore store)
    {
        store.Identities.Unlink(context.Person().Id);
        return Results.LocalRedirect("/me");
    }

    static async Task<IResult> Join(HttpContext context, PreferenceStore store, [FromForm] string token)
    {
        if (store.People.OfLink(token) is not { } person)
            return new RazorComponentResult<JoinPage>(new { Token = token }) { StatusCode = StatusCodes.Status401Unauthorized };
        await Session.Begin(context, person);
        store.People.SignedIn(person, "personal link");
        return Results.LocalRedirect("/");
    }

    static async Task<IResult> SignOut(HttpContext context, PreferenceStore store)
    {
        Session.End(context, store);
        await context.SignOutAsync();
        return Results.LocalRedirect("/sign-in");
    }

    static async Task<IResult> SignOutEverywhere(HttpContext context, PreferenceStore store)
    {
        store.People.EndSessions(context.Person().Id);
        await context.SignOutAsync();
        return Results.LocalRedirect("/sign-in");
    }

    /// <summary>A local path in printable ASCII; "/" for anything that a browser could read as another host.</summary>
    static string Local(string? to) => to is ['/', not ('/' or '\\'), ..] && to.All(letter => letter is > ' ' and <= '~') ? to : "/";
}
