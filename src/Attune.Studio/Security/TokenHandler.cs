using System.Security.Claims;
using System.Text.Encodings.Web;
using Attune.Store;
using Attune.Studio.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Attune.Studio.Security;

/// <summary>
/// Authenticates requests with a personal access token in the header <c>Authorization: Bearer</c>. Browsers never add this header by
/// themselves, so such requests need no antiforgery token. https://www.rfc-editor.org/rfc/rfc6750
/// </summary>
sealed class TokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, PreferenceStore store)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    public const string Name = "Token";

    const string Bearer = "Bearer";

    /// <summary>Whether the request has a token, valid or not. Other kinds of this header are for a proxy.</summary>
    public static bool IsFor(HttpRequest request) =>
        $"{request.Headers.Authorization}".StartsWith(Bearer, StringComparison.OrdinalIgnoreCase);

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (store.Tokens.Use($"{Request.Headers.Authorization}"[Bearer.Length..].Trim(), Context.ProjectId()) is not { } found)
            return Task.FromResult(AuthenticateResult.Fail("the token is not valid"));
        Context.Features.Set(found.Access);
        Context.Features.Set(found.Token);
        var identity = new ClaimsIdentity([new(ClaimTypes.NameIdentifier, $"{found.Token.Person}")], Name);
        return Task.FromResult(AuthenticateResult.Success(new(new(identity), Name)));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return Refuse(StatusCodes.Status401Unauthorized,
            "the header must be 'Authorization: Bearer TOKEN' with a token from your own page in the studio that has not expired and was "
            + "not revoked");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        if (Context.GetEndpoint()?.Metadata.GetMetadata<ApiScope>() is not { } needed)
            return Refuse(StatusCodes.Status403Forbidden,
                "a personal access token may only use the addresses of the API; the page /api lists them");
        if (!Context.MaySeeProject())
            return Refuse(StatusCodes.Status404NotFound, "there is no such project among those that you may see");
        if (Context.MayUse(needed))
            return Refuse(StatusCodes.Status403Forbidden, "your role does not allow this; an owner can change it");
        var scope = needed.Scope.ToString().ToLowerInvariant();
        Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{scope}\"";
        return Refuse(StatusCodes.Status403Forbidden, $"this token does not have the scope {scope}; make one that has it on your own page");
    }

    Task Refuse(int status, string message)
    {
        Response.StatusCode = status;
        return Response.WriteAsJsonAsync(new ApiError(message));
    }
}
