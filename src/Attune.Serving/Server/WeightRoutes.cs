using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Attune.Serving.Server;

/// <summary>
/// New weights while the server runs: adapters in the protocol of vLLM (<c>/v1/load_lora_adapter</c>, <c>/v1/unload_lora_adapter</c>), and
/// whole models in that of SGLang (<c>/update_weights_from_disk</c>).
/// </summary>
static class WeightRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/v1/load_lora_adapter", LoadAdapter);
        app.MapPost("/v1/unload_lora_adapter", UnloadAdapter);
        app.MapPost("/update_weights_from_disk", UpdateWeights);
    }

    static async Task LoadAdapter(HttpContext context, ServedModels models, ServingOptions options)
    {
        var request = await Read(context, options, ProtocolJson.Wire.AdapterRequest).ConfigureAwait(false);
        var (name, folder) = (Required(request.LoraName, "lora_name"), Required(request.LoraPath, "lora_path"));
        await models.LoadAdapterAsync(name, folder, request.LoadInplace == true, context.RequestAborted).ConfigureAwait(false);
        await context.Response.WriteAsync($"Success: LoRA adapter '{name}' added successfully.").ConfigureAwait(false);
    }

    static async Task UnloadAdapter(HttpContext context, ServedModels models, ServingOptions options)
    {
        var request = await Read(context, options, ProtocolJson.Wire.AdapterRequest).ConfigureAwait(false);
        var name = Required(request.LoraName, "lora_name");
        await models.UnloadAdapterAsync(name, context.RequestAborted).ConfigureAwait(false);
        await context.Response.WriteAsync($"Success: LoRA adapter '{name}' removed successfully.").ConfigureAwait(false);
    }

    static async Task UpdateWeights(HttpContext context, ServedModels models, ServingOptions options)
    {
        var request = await Read(context, options, ProtocolJson.Wire.WeightsRequest).ConfigureAwait(false);
        var folder = Required(request.ModelPath, "model_path");
        var response = new WeightsResponse(true, "Succeeded to update model weights.");
        try
        {
            await models.UpdateWeightsAsync(folder, request.WeightVersion, request.AbortAllRequests == true, context.RequestAborted)
                .ConfigureAwait(false);
        }
        catch (InvalidDataException error)
        {
            response = new(false, error.Message);
            context.Response.StatusCode = 400;
        }
        await RequestBody.Write(context, response, ProtocolJson.Wire.WeightsResponse).ConfigureAwait(false);
    }

    static Task<T> Read<T>(HttpContext context, ServingOptions options, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class => options.AllowWeightUpdates ? RequestBody.Read(context, type) : throw new ApiException(
            403, "this server loads no weights; start it with --allow-weight-updates to allow it", code: "weight_updates_not_allowed");

    static string Required(string? value, string name) =>
        value is { Length: > 0 } ? value : throw ApiException.Invalid($"{name} must not be empty", name);
}
