using Attune.Store;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Security;

/// <summary>Signing in with a password or a personal link, and signing out.</summary>
static class SignInRoutes
{
    static readonly PasswordHasher<Person> Hasher = new();

    // Checked when there is no password hash, so that an unknown name takes as long as a wrong password.
    static readonly string NoHash = Hasher.HashPassword(null!, Guid.NewGuid().ToString());

    public static void Map(WebApplication app)
    {
        app.MapGet("/sign-in", (string? to) => new RazorComponentResult<SignInPage>(new { To = to })).AllowAnonymous();
        app.MapPost("/sign-in", SignIn).AllowAnonymous().RequireRateLimiting(SignInLimits.Policy);
        app.MapGet("/join/{token}", (string token) => new RazorComponentResult<JoinPage>(new { Token = token })).AllowAnonymous()
            .RequireRateLimiting(SignInLimits.Policy);
        app.MapPost("/join", Join).AllowAnonymous().RequireRateLimiting(SignInLimits.Policy);
        app.MapPost("/sign-out", async (HttpContext context) =>
        {
            await context.SignOutAsync();
            return Results.LocalRedirect("/sign-in");
        }).Require(Role.Annotator);
    }

    public static string Hash(string password) => password.Length is >= 10 and <= 200
        ? Hasher.HashPassword(null!, password)
        : throw new InvalidDataException("a password must have 10 to 200 characters");

    static async Task<IResult> SignIn(HttpContext context, PreferenceStore store, SignInLimits limits, [FromForm] string name,
        [FromForm] string password, [FromForm] string? to)
    {
        if (!limits.Allow(context, name.Trim()))
            return Results.StatusCode(StatusCodes.Status429TooManyRequests);
        var person = name.Length <= 200 ? store.People.Find(name.Trim()) : null;
        var hash = person is null ? null : store.People.PasswordHash(person.Id);
        var right = password.Length <= 200
            && Hasher.VerifyHashedPassword(null!, hash ?? NoHash, password) != PasswordVerificationResult.Failed;
        if (!right || hash is null)
            return new RazorComponentResult<SignInPage>(new { To = to, Failed = true }) { StatusCode = StatusCodes.Status401Unauthorized };
        await Session.Begin(context, person!);
        return Results.LocalRedirect(Local(to));
    }

    static async Task<IResult> Join(HttpContext context, PreferenceStore store, [FromForm] string token)
    {
        if (store.People.OfLink(token) is not { } person)
            return new RazorComponentResult<JoinPage>(new { Token = token }) { StatusCode = StatusCodes.Status401Unauthorized };
        await Session.Begin(context, person);
        return Results.LocalRedirect("/");
    }

    /// <summary>A local path; "/" for anything that a browser could read as another host.</summary>
    static string Local(string? to) => to is ['/', not ('/' or '\\'), ..] && !to.Any(char.IsControl) ? to : "/";
}
