using Attune.Store;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
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

    sealed record AtLeast(Role Role) : IAuthorizationRequirement;

    sealed class Handler : AuthorizationHandler<AtLeast>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, AtLeast requirement)
        {
            if (context.Resource is HttpContext http && http.AccessOrNull() is { } access && access.Person.Role >= requirement.Role
                && (!http.Request.RouteValues.ContainsKey(Project) || (http.ProjectId() is not null && access.MaySee)))
                context.Succeed(requirement);
            return Task.CompletedTask;
        }
    }
}
