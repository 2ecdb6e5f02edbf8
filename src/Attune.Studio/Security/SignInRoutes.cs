using Attune.Store;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Security;

/// <summary>Signing in with a password or a personal link, and signing out.</summary>
static class SignInRoutes
{
    /// <summary>The largest body, in bytes, of what somebody without an account sends.</summary>
    const long LargestBody = 8 << 10;

    public static void Map(WebApplication app)
    {
        app.MapGet("/sign-in", (string? to) => new RazorComponentResult<SignInPage>(new { To = to })).AllowAnonymous();
        app.MapPost("/sign-in", SignIn).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(LargestBody));
        app.MapGet("/join/{token}", (string token) => new RazorComponentResult<JoinPage>(new { Token = token })).AllowAnonymous();
        app.MapPost("/join", Join).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(LargestBody));
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
            return new RazorComponentResult<SignInPage>(new { To = to, Failed = true }) { StatusCode = StatusCodes.Status401Unauthorized };
        await Session.Begin(context, person);
        store.People.SignedIn(person, "password");
        return Results.LocalRedirect(Local(to));
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
