using System.Globalization;
using Attune.Store;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>Answers 404 where the address has the id of a project, person or item that does not exist.</summary>
sealed class KnownIds(RequestDelegate next, PreferenceStore store)
{
    public Task Invoke(HttpContext context)
    {
        var (project, person, item) = (Id(context, Policies.Project), Id(context, "person"), Id(context, "item"));
        if ((project is { } ofProject && store.Projects.Find(ofProject) is null)
            || (person is { } ofPerson && store.People.Find(ofPerson) is null)
            || (item is { } ofItem && store.Items.Find(project ?? 0, ofItem) is null))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        return next(context);
    }

    static long? Id(HttpContext context, string name) =>
        long.TryParse($"{context.Request.RouteValues.GetValueOrDefault(name)}", CultureInfo.InvariantCulture, out var id) ? id : null;
}
