using Attune.Store;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>Answers 404 where the address has the id of a project, person or item that does not exist.</summary>
sealed class KnownIds(RequestDelegate next, PreferenceStore store)
{
    public Task Invoke(HttpContext context)
    {
        var project = context.ProjectId();
        if ((project is not null && context.AccessOrNull()?.Project is null)
            || (context.RouteId("person") is { } person && store.People.Find(person) is null)
            || (context.RouteId("item") is { } item && store.Items.Find(project ?? 0, item) is null))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        return next(context);
    }
}
