using System.Net;
using Attune.Store;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>
/// On loopback, while nobody has a way to sign in, the person at the machine is the owner and need not sign in. This excludes requests
/// that a proxy forwarded, and requests for another host name, which a foreign page may have caused. A proxy is recognised by its headers,
/// and by HTTP/1.0, which browsers do not speak and some proxies do. A request with a personal access token has the rights of the token.
/// </summary>
sealed class SinglePerson(RequestDelegate next, StudioOptions options, PreferenceStore store)
{
    /// <summary>The beginnings of headers that proxies add.</summary>
    static readonly string[] Passed = ["Forwarded", "X-Forwarded", "X-Original", "X-Real-IP", "X-Client-IP", "X-ProxyUser-IP", "Via"];

    public Task Invoke(HttpContext context)
    {
        if (context.PersonOrNull() is null && !TokenHandler.IsFor(context.Request) && options is { IsLoopback: true, Oidc: null }
            && IsLocal(context.Request) && !store.People.AnyoneCanSignIn())
            Session.Set(context, store.People.AccessOf(store.People.Local(), context.ProjectId()));
        return next(context);
    }

    static bool IsLocal(HttpRequest request) =>
        request.Protocol != HttpProtocol.Http10
        && !request.Headers.Keys.Any(name => Passed.Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase)))
        && request.HttpContext.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && (request.Host.Host == "localhost"
            || (IPAddress.TryParse(request.Host.Host.Trim('[', ']'), out var host) && IPAddress.IsLoopback(host)));
}
