using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using Attune.Store;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Attune.Studio.Security;

/// <summary>
/// Signs in with an OpenID Connect provider: the code flow with PKCE, state and nonce, which ASP.NET Core's handler does. The provider only
/// tells who somebody is; the session is the studio's own.
/// </summary>
static class OidcSignIn
{
    public const string Scheme = "Oidc";

    /// <summary>
    /// Entries of the protected state: the invitation with which somebody started, and the person who links their account.
    /// </summary>
    const string Invitation = "invitation", Person = "person";

    /// <summary>The least time between two requests for the provider's keys, which a token with an unknown key causes.</summary>
    static readonly TimeSpan BetweenRefreshes = TimeSpan.FromSeconds(30);

    static readonly TimeSpan Skew = TimeSpan.FromMinutes(1), Timeout = TimeSpan.FromSeconds(15), LinkLifetime = TimeSpan.FromMinutes(15);

    public static void AddTo(IServiceCollection services, OidcOptions oidc) =>
        services.AddAuthentication().AddOpenIdConnect(Scheme, options => Configure(options, oidc));

    static void Configure(OpenIdConnectOptions options, OidcOptions oidc)
    {
        options.Authority = oidc.Authority.ToString();
        options.RequireHttpsMetadata = !oidc.Authority.IsLoopback;
        options.ClientId = oidc.ClientId;
        options.ClientSecret = oidc.ClientSecret;
        options.ResponseType = OpenIdConnectResponseType.Code;
        options.ResponseMode = OpenIdConnectResponseMode.Query;     // so that the cookies of state and nonce can be SameSite=Lax
        options.CallbackPath = "/sign-in/callback";
        options.Scope.Add("email");
        foreach (var scope in oidc.Scopes)
            options.Scope.Add(scope);
        options.MapInboundClaims = false;
        options.GetClaimsFromUserInfoEndpoint = true;
        options.ClaimActions.MapJsonKey("email_verified", "email_verified");
        options.ClaimActions.MapJsonKey(oidc.GroupClaim, oidc.GroupClaim);
        options.TokenValidationParameters.ClockSkew = Skew;
        options.BackchannelTimeout = Timeout;
        options.RefreshInterval = BetweenRefreshes;
        options.SignInScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        foreach (var cookie in new[] { options.CorrelationCookie, options.NonceCookie })
            (cookie.SameSite, cookie.SecurePolicy) = (SameSiteMode.Lax, CookieSecurePolicy.SameAsRequest);
        options.Events.OnTokenValidated = MustBeSigned;
        options.Events.OnTicketReceived = SignIn;
        options.Events.OnRemoteFailure = Fail;
    }

    /// <summary>
    /// The specification allows an ID token without a signature in the code flow, since it comes over TLS, and so does the handler.
    /// </summary>
    static Task MustBeSigned(TokenValidatedContext token)
    {
        if (token.SecurityToken is not { RawSignature.Length: > 0 })
            token.Fail("the ID token is not signed");
        return Task.CompletedTask;
    }

    /// <summary>Sends the browser to the provider.</summary>
    /// <param name="context">The request.</param>
    /// <param name="to">The local path to return to.</param>
    /// <param name="invitation">The token of the invitation with which somebody starts.</param>
    /// <param name="person">Who links their account; null to sign in.</param>
    public static async Task Start(HttpContext context, string to, string? invitation, long? person = null)
    {
        var properties = new AuthenticationProperties { RedirectUri = to };
        if (invitation is not null)
            properties.Items[Invitation] = invitation;
        if (person is { } id)
            properties.Items[Person] = id.ToString(CultureInfo.InvariantCulture);
        try
        {
            await context.ChallengeAsync(Scheme, properties);
        }
        catch (Exception error) when (error is InvalidOperationException or HttpRequestException or TaskCanceledException)
        {
            Log(context).LogError("the OpenID Connect provider does not respond: {Reason}", error.GetBaseException().Message);
            await Show(context, "the provider does not respond; try again later, or sign in with a password or your personal link",
                StatusCodes.Status502BadGateway);
        }
    }

    /// <summary>
    /// A value for the address that links an account. Only the person's own page has it, so no other page can make the browser link the
    /// account of somebody else.
    /// </summary>
    public static string LinkToken(HttpContext context, Person person) => Protector(context).Protect(Content(person), LinkLifetime);

    public static bool IsLinkToken(HttpContext context, Person person, string token)
    {
        try
        {
            return Protector(context).Unprotect(token) == Content(person);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    static ITimeLimitedDataProtector Protector(HttpContext context) =>
        context.RequestServices.GetRequiredService<IDataProtectionProvider>().CreateProtector("link provider").ToTimeLimitedDataProtector();

    static string Content(Person person) => string.Create(CultureInfo.InvariantCulture, $"{person.Id}/{person.Session}");

    /// <summary>Begins the studio's session for who signed in at the provider, or links their account.</summary>
    static async Task SignIn(TicketReceivedContext ticket)
    {
        var (context, services) = (ticket.HttpContext, ticket.HttpContext.RequestServices);
        var (store, oidc) = (services.GetRequiredService<PreferenceStore>(), services.GetRequiredService<StudioOptions>().Oidc!);
        ticket.HandleResponse();
        try
        {
            var identity = Read(ticket.Principal!, oidc);
            if (ticket.Properties!.Items.TryGetValue(Person, out var linking))
            {
                await Link(context, store, identity, linking!);
                return;
            }
            var (person, project) = store.Identities.SignIn(identity, oidc.Unknown, oidc.Groups.Count > 0,
                ticket.Properties.Items.TryGetValue(Invitation, out var token) ? token : null);
            await Session.Begin(context, person);
            store.People.SignedIn(person, "OpenID Connect");
            context.Response.Redirect(token is not null ? $"/projects/{project}" : ticket.ReturnUri ?? "/");
        }
        catch (InvalidDataException error)
        {
            await Show(context, error.Message, StatusCodes.Status403Forbidden);
        }
    }

    static async Task Link(HttpContext context, PreferenceStore store, ExternalIdentity identity, string person)
    {
        await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);     // sets the person of the session
        if (context.PersonOrNull() is not { } current || current.Id.ToString(CultureInfo.InvariantCulture) != person)
            throw new InvalidDataException("you signed out in the meantime; sign in and try again");
        store.Identities.Link(current.Id, identity);
        context.Response.Redirect("/me");
    }

    /// <exception cref="InvalidDataException">The e-mail address is not one of the allowed domains.</exception>
    static ExternalIdentity Read(ClaimsPrincipal principal, OidcOptions oidc)
    {
        var subject = principal.FindFirst("sub")!;
        var address = principal.FindFirstValue("email");
        var email = bool.TryParse(principal.FindFirstValue("email_verified"), out var verified) && verified ? address : null;
        if (oidc.Domains.Count > 0 && !oidc.Domains.Contains(email?.Split('@')[^1], StringComparer.OrdinalIgnoreCase))
            throw new InvalidDataException(
                $"only people with a verified e-mail address of {string.Join(" or ", oidc.Domains)} may sign in here");
        var roles = principal.FindAll(oidc.GroupClaim).Where(group => oidc.Groups.ContainsKey(group.Value))
            .Select(group => (Role?)oidc.Groups[group.Value]);
        var name = principal.FindFirstValue("name") ?? principal.FindFirstValue("preferred_username") ?? address?.Split('@')[0] ?? "";
        return new(principal.FindFirstValue("iss") ?? subject.Issuer, subject.Value, name, email, roles.Max());
    }

    static async Task Fail(RemoteFailureContext failure)
    {
        failure.HandleResponse();
        Log(failure.HttpContext).LogWarning("a sign-in with the OpenID Connect provider failed: {Reason}", failure.Failure?.Message);
        await Show(
            failure.HttpContext, "signing in with the provider failed or was cancelled; try again", StatusCodes.Status401Unauthorized);
    }

    static Task Show(HttpContext context, string problem, int status) =>
        new RazorComponentResult<SignInPage>(new { Problem = problem }) { StatusCode = status }.ExecuteAsync(context);

    static ILogger Log(HttpContext context) =>
        context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(OidcSignIn).FullName!);
}
