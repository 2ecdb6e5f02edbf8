using System.Security.Claims;
using Attune.Store;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Security;

/// <summary>
/// Notes in the audit trail who signed in, and with what. A new password starts a session too, and has an entry of its own.
/// </summary>
static class SignInLog
{
    static readonly Dictionary<string, string> Ways = new(StringComparer.Ordinal)
    {
        ["/sign-in"] = "password", ["/join"] = "personal link",
    };

    public static void AddTo(IServiceCollection services) => services.PostConfigure<CookieAuthenticationOptions>(
        CookieAuthenticationDefaults.AuthenticationScheme, options => options.Events.OnSignedIn = Append);

    static Task Append(CookieSignedInContext context)
    {
        if (Ways.TryGetValue($"{context.Request.Path}", out var way)
            && long.TryParse(context.Principal?.FindFirstValue(ClaimTypes.NameIdentifier), out var person))
            context.HttpContext.RequestServices.GetRequiredService<PreferenceStore>().People.SignedIn(person, way);
        return Task.CompletedTask;
    }
}
