using Attune.Store;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Attune.Studio.Audit;

/// <summary>The audit trail of a project.</summary>
static class AuditRoutes
{
    public static void Map(WebApplication app) => app.MapGet("/projects/{project:long}/audit", (long project, long? before) =>
        new RazorComponentResult<AuditPage>(new { Id = project, Before = before ?? long.MaxValue })).Require(Role.Reviewer);
}
