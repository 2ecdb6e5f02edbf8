using System.Security.Cryptography;
using System.Text;
using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Http;

namespace Attune.Serving.Server;

/// <summary>Asks for one of the keys, as <c>Authorization: Bearer KEY</c>. Compares digests, in constant time.</summary>
sealed class ApiKeys(RequestDelegate next, ServingOptions options)
{
    const string Scheme = "Bearer ";

    readonly byte[][] digests = [.. options.ApiKeys.Select(Digest)];

    public Task Invoke(HttpContext context) => digests.Length == 0 || HealthRoutes.IsOpen(context.Request.Path) || IsKnown(context.Request)
        ? next(context)
        : throw new ApiException(401, "the request has no valid API key; send it as Authorization: Bearer KEY", code: "invalid_api_key");

    bool IsKnown(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return false;
        var digest = Digest(header[Scheme.Length..].Trim());
        return digests.Aggregate(false, (found, known) => found | CryptographicOperations.FixedTimeEquals(digest, known));
    }

    static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
