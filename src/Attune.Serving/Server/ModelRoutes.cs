using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Attune.Serving.Server;

/// <summary><c>/v1/models</c>: the names of the models.</summary>
static class ModelRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/models", (HttpContext context, ServedModels models) => RequestBody.Write(
            context, new ModelList("list", [.. models.Names.Select(name => Entry(models, name))]), ProtocolJson.Wire.ModelList));
        app.MapGet("/v1/models/{**name}", (HttpContext context, ServedModels models, string name) =>
        {
            _ = models.Find<object>(name, "");
            return RequestBody.Write(context, Entry(models, name), ProtocolJson.Wire.ModelEntry);
        });
    }

    static ModelEntry Entry(ServedModels models, string name) =>
        new(name, "model", models.Created, "attune") { MaxModelLen = models.ContextLength(name) };
}
