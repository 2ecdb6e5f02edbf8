namespace Attune.Serving.Protocol;

/// <summary>A request to <c>/v1/load_lora_adapter</c> or <c>/v1/unload_lora_adapter</c>, in the fields of vLLM.</summary>
sealed record AdapterRequest
{
    public string? LoraName { get; init; }
    public string? LoraPath { get; init; }
    public bool? LoadInplace { get; init; }
}

/// <summary>A request to <c>/update_weights_from_disk</c>, in the fields of SGLang.</summary>
sealed record WeightsRequest
{
    public string? ModelPath { get; init; }
    public string? WeightVersion { get; init; }
    public bool? AbortAllRequests { get; init; }
}

sealed record WeightsResponse(bool Success, string Message);

/// <summary>The response of <c>/get_model_info</c>.</summary>
sealed record ModelInfo(string ModelPath, string TokenizerPath, bool IsGeneration, string WeightVersion);
