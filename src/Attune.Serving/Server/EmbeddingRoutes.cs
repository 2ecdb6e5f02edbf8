using System.Runtime.InteropServices;
using System.Text.Json;
using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Attune.Serving.Server;

/// <summary><c>/v1/embeddings</c> of an encoder.</summary>
static class EmbeddingRoutes
{
    const int MostTexts = 1024;

    public static void Map(WebApplication app) => app.MapPost("/v1/embeddings", Respond);

    static async Task Respond(HttpContext context, ServedModels models, Draining draining)
    {
        var request = await RequestBody.Read(context, ProtocolJson.Wire.EmbeddingRequest).ConfigureAwait(false);
        var model = models.Find<EmbeddingModel>(request.Model, "embeds texts");
        if (request.Dimensions is { } dimensions && dimensions != model.Dimensions)
            throw ApiException.Invalid($"dimensions must be {model.Dimensions} (was {dimensions})", "dimensions");
        var isBase64 = request.EncodingFormat switch
        {
            null or "float" => false,
            "base64" => true,
            var other => throw ApiException.Invalid($"encoding_format must be float or base64 (was {other})", "encoding_format"),
        };
        using var cancellation = draining.LinkTo(context);
        var (vectors, tokens) = await model.EmbedAsync(Texts(request.Input), cancellation.Token).ConfigureAwait(false);
        var entries = vectors.Select((vector, index) => new EmbeddingEntry(index, "embedding", Json(vector, isBase64)));
        await RequestBody.Write(
            context, new("list", model.Name, [.. entries], Usage.Of(tokens, 0)), ProtocolJson.Wire.EmbeddingList).ConfigureAwait(false);
    }

    static string[] Texts(JsonElement? input) => input switch
    {
        { ValueKind: JsonValueKind.String } one => [one.GetString()!],
        { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() is >= 1 and <= MostTexts
            && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            [.. list.EnumerateArray().Select(item => item.GetString()!)],
        _ => throw ApiException.Invalid($"input must be a text, or a list of 1 to {MostTexts} texts", "input"),
    };

    static JsonElement Json(float[] vector, bool isBase64) => isBase64
        ? JsonSerializer.SerializeToElement(Convert.ToBase64String(MemoryMarshal.AsBytes(vector.AsSpan())), ProtocolJson.Wire.String)
        : JsonSerializer.SerializeToElement(vector, ProtocolJson.Wire.SingleArray);
}
