using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Attune.Serving.Server;

/// <summary><c>/health</c>: the process is alive. <c>/ready</c>: it accepts requests.</summary>
static class HealthRoutes
{
    const string Health = "/health";
    const string Ready = "/ready";

    public static void Map(WebApplication app)
    {
        app.MapGet(Health, () => Report("ok", 200));
        app.MapGet(Ready, (Draining draining) => draining.HasBegun ? Report("stopping", 503) : Report("ok", 200));
    }

    /// <summary>Whether a path needs no key.</summary>
    public static bool IsOpen(PathString path) => path == Health || path == Ready;

    static IResult Report(string status, int code) =>
        Results.Json(new HealthReport(status), ProtocolJson.Wire.HealthReport, statusCode: code);
}
