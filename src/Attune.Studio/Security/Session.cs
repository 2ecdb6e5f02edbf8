using System.Globalization;
using System.Security.Claims;
using Attune.Store;
using Attune.Studio.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Security;

/// <summary>
/// Sign-in sessions: a cookie has the id of the person, a stamp that all sessions of the person share, and the id of this session. Every
/// request checks all three in the store, where it also reads the project in its address; a new stamp ends all sessions of the person.
/// </summary>
public static class Session
{
    const string Stamp = "session";
    const string SessionId = "browser";
    const string TokenOrSession = "TokenOrSession";

    static readonly TimeSpan Lifetime = TimeSpan.FromDays(14);

    internal static void AddTo(IServiceCollection services) => services
        .AddAuthentication(options =>
        {
            options.DefaultScheme = TokenOrSession;
            options.DefaultSignInScheme = options.DefaultSignOutScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        })
        .AddPolicyScheme(TokenOrSession, null, options => options.ForwardDefaultSelector = context =>
            TokenHandler.IsFor(context.Request) ? TokenHandler.Name : CookieAuthenticationDefaults.AuthenticationScheme)
        .AddScheme<AuthenticationSchemeOptions, TokenHandler>(TokenHandler.Name, null)
        .AddCookie(options =>
        {
            options.Cookie.Name = "attune-session";
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            options.ExpireTimeSpan = Lifetime;
            options.LoginPath = "/sign-in";
            options.ReturnUrlParameter = "to";
            options.Events.OnValidatePrincipal = Validate;
            options.Events.OnRedirectToLogin = context => Refuse(context, StatusCodes.Status401Unauthorized);
            options.Events.OnRedirectToAccessDenied = context => Refuse(context, StatusCodes.Status403Forbidden);
        });

    /// <summary>The person who sends the request.</summary>
    /// <exception cref="InvalidOperationException">Nobody is signed in: the route allows anonymous access.</exception>
    public static Person Person(this HttpContext context) =>
        context.PersonOrNull() ?? throw new InvalidOperationException("nobody is signed in");

    /// <summary>The project of the request's address.</summary>
    public static Project Project(this HttpContext context) => context.Features.GetRequiredFeature<Access>().Project!;

    public static Person? PersonOrNull(this HttpContext context) => context.AccessOrNull()?.Person;

    /// <summary>Who sends the request and what they ask for; null where nobody is signed in.</summary>
    internal static Access? AccessOrNull(this HttpContext context) => context.Features.Get<Access>();

    /// <summary>The id of the project in the request's address; null where there is none.</summary>
    internal static long? ProjectId(this HttpContext context) => context.RouteId(Policies.Project);

    /// <summary>An id in the request's address; null where there is none.</summary>
    internal static long? RouteId(this HttpContext context, string name) =>
        context.Request.RouteValues.GetValueOrDefault(name) is { } value
            && long.TryParse($"{value}", CultureInfo.InvariantCulture, out var id) ? id : null;

    internal static Task Begin(HttpContext context, Person person)
    {
        context.RequestServices.GetRequiredService<KnownBrowser>().Remember(context, person);
        return context.SignInAsync(Principal(person), new() { IsPersistent = true });
    }

    /// <summary>Ends the session of this request: nobody can use its cookie any more.</summary>
    internal static void End(HttpContext context, PreferenceStore store)
    {
        if (context.User.FindFirstValue(SessionId) is { } session)
            store.People.EndSession(session, Lifetime);
    }

    /// <summary>Sets the person of this request.</summary>
    internal static void Set(HttpContext context, Access access)
    {
        context.User = Principal(access.Person);
        context.Features.Set(access);
    }

    static ClaimsPrincipal Principal(Person person) => new(new ClaimsIdentity(
        [new(ClaimTypes.NameIdentifier, $"{person.Id}"), new(Stamp, person.Session), new(SessionId, Guid.NewGuid().ToString("N"))],
        CookieAuthenticationDefaults.AuthenticationScheme));

    static async Task Validate(CookieValidatePrincipalContext context)
    {
        var store = context.HttpContext.RequestServices.GetRequiredService<PreferenceStore>();
        if (long.TryParse(context.Principal?.FindFirstValue(ClaimTypes.NameIdentifier), out var id)
            && context.Principal!.FindFirstValue(Stamp) is { } stamp && context.Principal!.FindFirstValue(SessionId) is { } session
            && store.People.OfSession(id, stamp, session, context.HttpContext.ProjectId()) is { } access)
        {
            context.HttpContext.Features.Set(access);
            context.ShouldRenew |= context.Properties.IssuedUtc > DateTimeOffset.UtcNow;     // from before the clock was set back
            return;
        }
        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync();
    }

    /// <summary>
    /// A page request redirects to the sign-in page; API requests, form posts and forbidden requests get the status code.
    /// </summary>
    static Task Refuse(RedirectContext<CookieAuthenticationOptions> context, int status)
    {
        if (status == StatusCodes.Status401Unauthorized && HttpMethods.IsGet(context.Request.Method)
            && !context.Request.IsApi())
            context.Response.Redirect(context.RedirectUri);
        else
            context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}
