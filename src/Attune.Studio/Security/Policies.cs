using Attune.Store;
using Attune.Studio.Api;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Security;

/// <summary>
/// Who may use a route: everyone who is signed in, or a role and those above it. A route that names a project also requires membership,
/// except of owners.
/// </summary>
public static class Policies
{
    /// <summary>The route parameter for a project's id; every route of a project uses this name.</summary>
    public const string Project = "project";

    const long LargestAnonymousForm = 8 << 10;     // bytes

    internal static void AddTo(IServiceCollection services)
    {
        services.AddSingleton<IAuthorizationHandler, Handler>();
        services.AddAuthorization(options =>
        {
            foreach (var role in Enum.GetValues<Role>())
                options.AddPolicy(role.ToString(), policy => policy.RequireAuthenticatedUser().AddRequirements(new AtLeast(role)));
            options.FallbackPolicy = options.GetPolicy(nameof(Role.Annotator));
        });
    }

    public static TBuilder Require<TBuilder>(this TBuilder routes, Role role) where TBuilder : IEndpointConventionBuilder =>
        routes.RequireAuthorization(role.ToString());

    /// <summary>Lets somebody without an account send a form, of a limited size.</summary>
    internal static TBuilder AllowAnonymousForm<TBuilder>(this TBuilder routes) where TBuilder : IEndpointConventionBuilder =>
        routes.AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(LargestAnonymousForm));

    /// <summary>Whether the address has no project, or one that the sender may see.</summary>
    internal static bool MaySeeProject(this HttpContext context) => !context.Request.RouteValues.ContainsKey(Project)
        || (context.ProjectId() is not null && context.AccessOrNull()?.MaySee == true);

    /// <summary>Whether the sender's token has a scope; a session may do everything that its role may.</summary>
    internal static bool MayUse(this HttpContext context, ApiScope needed) =>
        context.Features.Get<AccessToken>() is not { } token || token.Scopes.Contains(needed.Scope);

    /// <summary>Routing's own endpoints, which answer 404 and 405, have no policy; a token may get these answers.</summary>
    static bool MayUse(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<ApiScope>() is { } needed
        ? context.MayUse(needed)
        : context.Features.Get<AccessToken>() is null || context.GetEndpoint()?.Metadata.GetMetadata<IAuthorizeData>() is null;

    sealed record AtLeast(Role Role) : IAuthorizationRequirement;

    sealed class Handler : AuthorizationHandler<AtLeast>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, AtLeast requirement)
        {
            if (context.Resource is HttpContext http && http.PersonOrNull()?.Role >= requirement.Role && http.MaySeeProject()
                && MayUse(http))
                context.Succeed(requirement);
            return Task.CompletedTask;
        }
    }
}
