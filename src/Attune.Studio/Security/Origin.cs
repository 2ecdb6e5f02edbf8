using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

static class OriginExtensions
{
    /// <summary>The studio's address as the sender of a request knows it, such as <c>https://studio.example.com</c>.</summary>
    public static string Origin(this HttpRequest request) => $"{request.Scheme}://{request.Host}";
}
