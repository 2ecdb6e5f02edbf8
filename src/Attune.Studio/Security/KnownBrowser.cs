using System.Globalization;
using System.Security.Cryptography;
using Attune.Store;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>
/// A signed cookie that marks a browser in which a person has signed in. It does not sign anybody in; <see cref="SignInLimits"/> counts the
/// attempts of such a browser apart from those of strangers.
/// https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
/// </summary>
sealed class KnownBrowser(IDataProtectionProvider protection)
{
    const string Cookie = "attune-browser";

    static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    readonly ITimeLimitedDataProtector protector = protection.CreateProtector("browser").ToTimeLimitedDataProtector();

    /// <summary>The id of the browser; null where this person has not signed in with it.</summary>
    public string? IdOf(HttpContext context, Person person)
    {
        try
        {
            return context.Request.Cookies[Cookie] is { } cookie && protector.Unprotect(cookie) is var content
                && content.StartsWith(Prefix(person), StringComparison.Ordinal) ? content : null;
        }
        catch (CryptographicException)     // forged, expired, or of another studio
        {
            return null;
        }
    }

    public void Remember(HttpContext context, Person person)
    {
        if (IdOf(context, person) is not null)
            return;
        context.Response.Cookies.Append(Cookie, protector.Protect(Prefix(person) + Guid.NewGuid().ToString("N"), Lifetime), new()
        {
            HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = context.Request.IsHttps, MaxAge = Lifetime, IsEssential = true,
        });
    }

    static string Prefix(Person person) => string.Create(CultureInfo.InvariantCulture, $"{person.Id}/");
}
