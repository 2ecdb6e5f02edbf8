using System.Globalization;
using Attune.Store;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>
/// Answers 404 where the address has the id of a project, person or item that does not exist. The project is a feature of the request then.
/// </summary>
sealed class KnownIds(RequestDelegate next, PreferenceStore store)
{
    public Task Invoke(HttpContext context)
    {
        var (project, person, item) = (Id(context, Policies.Project), Id(context, "person"), Id(context, "item"));
        var known = project is { } ofProject ? store.Projects.Find(ofProject) : null;
        if ((project is not null && known is null)
            || (person is { } ofPerson && store.People.Find(ofPerson) is null)
            || (item is { } ofItem && store.Items.Find(project ?? 0, ofItem) is null))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        context.Features.Set(known);
        return next(context);
    }

    static long? Id(HttpContext context, string name) =>
        long.TryParse($"{context.Request.RouteValues.GetValueOrDefault(name)}", CultureInfo.InvariantCulture, out var id) ? id : null;
}
