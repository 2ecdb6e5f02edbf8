using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Layout;

static class AssetRoutes
{
    public static void Map(WebApplication app) => app.MapGet("/assets/{name}", (string name, HttpContext context, Assets assets) =>
    {
        if (assets.Find(name) is not var (content, type, hash))
            return Results.NotFound();
        // imported modules have no hash
        context.Response.Headers.CacheControl = context.Request.Query["v"] == hash ? "public, max-age=31536000, immutable" : "no-cache";
        return Results.Bytes(content, type, entityTag: new($"\"{hash}\""));
    }).AllowAnonymous();
}
