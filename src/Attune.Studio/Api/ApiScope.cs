using Attune.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Api;

/// <summary>
/// Marks a route of the API: the OpenAPI document lists it, and personal access tokens with the scope may use it. Tokens may use no other
/// route.
/// </summary>
sealed record ApiScope(AccessScope Scope);

/// <summary>The body of every response that reports an error.</summary>
/// <param name="Error">What is wrong, and what to do.</param>
sealed record ApiError(string Error);

static class ApiScopeExtensions
{
    const string Root = "/api";

    /// <summary>Makes routes part of the API. The last call counts, so that a route can have another scope than its group.</summary>
    public static TBuilder Api<TBuilder>(this TBuilder routes, AccessScope scope) where TBuilder : IEndpointConventionBuilder =>
        routes.WithMetadata(new ApiScope(scope));

    /// <summary>Sets the operation id and the texts of a route in the OpenAPI document.</summary>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder route, string operation, string summary, string? description = null)
    {
        route.WithName(operation).WithSummary(summary);
        return description is null ? route : route.WithDescription(description);
    }

    /// <summary>Whether the request is for a program, which gets its errors as JSON; the page <c>/api</c> itself is not.</summary>
    public static bool IsApi(this HttpRequest request) => request.Path.StartsWithSegments(Root, out var rest) && rest.HasValue;
}
