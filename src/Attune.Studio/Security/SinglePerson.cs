using System.Net;
using Attune.Store;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>
/// On loopback, while nobody has a password or a link, the person at the machine is the owner and need not sign in. This excludes requests
/// that a proxy forwarded, and requests for another host name, which a foreign page may have caused.
/// </summary>
sealed class SinglePerson(RequestDelegate next, StudioOptions options, PreferenceStore store)
{
    static readonly string[] Passed = ["Forwarded", "X-Forwarded-For", "X-Original-For", "Via"];

    public Task Invoke(HttpContext context)
    {
        if (context.PersonOrNull() is null && options.IsLoopback && IsLocal(context.Request) && !store.People.AnyoneCanSignIn())
            Session.Set(context, store.People.Local());
        return next(context);
    }

    static bool IsLocal(HttpRequest request) =>
        !Passed.Any(request.Headers.ContainsKey)
        && request.HttpContext.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && (request.Host.Host == "localhost"
            || (IPAddress.TryParse(request.Host.Host.Trim('[', ']'), out var host) && IPAddress.IsLoopback(host)));
}
