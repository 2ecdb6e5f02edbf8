using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Attune.Serving.Server;

/// <summary><c>/v1/score</c>: scores of a reward model, in the form of Attune's HTTP rewards.</summary>
static class ScoreRoutes
{
    const int MostTexts = 1024;

    public static void Map(WebApplication app) => app.MapPost("/v1/score", Respond);

    static async Task Respond(HttpContext context, ServedModels models, Draining draining)
    {
        var request = await RequestBody.Read(context, ProtocolJson.Wire.ScoreRequest).ConfigureAwait(false);
        var model = models.Find<ScoreModel>(request.Model, "scores responses");
        var (prompts, completions) = (request.Prompts, request.Completions);
        if (completions is not { Count: > 0 and <= MostTexts } || prompts?.Count != completions.Count || completions.Contains(null!)
            || prompts.Contains(null!))
            throw ApiException.Invalid($"prompts and completions must be lists of 1 to {MostTexts} texts, as many in each", "completions");
        using var cancellation = draining.LinkTo(context);
        var scores = await model.ScoreAsync([.. prompts.Zip(completions)], cancellation.Token).ConfigureAwait(false);
        await RequestBody.Write(
            context, new ScoreResponse(models.NameOf(model), scores) { Id = request.Id }, ProtocolJson.Wire.ScoreResponse)
            .ConfigureAwait(false);
    }
}
