using Attune.Store;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Studio.Security;

/// <summary>
/// Who may use a route: everyone signed in when it says nothing, else a role and those above it. Where the route names a project, its
/// members and the owners only.
/// </summary>
public static class Policies
{
    /// <summary>The route parameter that names a project; every route about one calls it so.</summary>
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

    /// <summary>Whether a person may see a project.</summary>
    public static bool MaySee(this PreferenceStore store, Person person, long project) =>
        person.Role == Role.Owner || store.Projects.IsMember(project, person.Id);

    sealed record AtLeast(Role Role) : IAuthorizationRequirement;

    sealed class Handler(PreferenceStore store) : AuthorizationHandler<AtLeast>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, AtLeast requirement)
        {
            if (context.Resource is HttpContext http && http.PersonOrNull() is { } person && person.Role >= requirement.Role && IsOfProject(http, person))
                context.Succeed(requirement);
            return Task.CompletedTask;
        }

        bool IsOfProject(HttpContext http, Person person) =>
            !http.Request.RouteValues.TryGetValue(Project, out var value) || (long.TryParse($"{value}", out var project) && store.MaySee(person, project));
    }
}
