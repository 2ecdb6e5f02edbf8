using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Attune.Serving.Protocol;

/// <summary>Reads and writes the protocol without reflection, in the names of OpenAI's API.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatCompletionRequest))]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(ScoreRequest))]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(GenerateRequest))]
[JsonSerializable(typeof(AdapterRequest))]
[JsonSerializable(typeof(WeightsRequest))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(Completion))]
[JsonSerializable(typeof(GenerateResponse[]))]
[JsonSerializable(typeof(WeightsResponse))]
[JsonSerializable(typeof(ModelInfo))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelEntry))]
[JsonSerializable(typeof(ScoreResponse))]
[JsonSerializable(typeof(EmbeddingList))]
[JsonSerializable(typeof(HealthReport))]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(float[]))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(string))]
sealed partial class ProtocolJson : JsonSerializerContext
{
    /// <summary>Texts are written as they are, not escaped for HTML.</summary>
    public static ProtocolJson Wire => field ??= new(new JsonSerializerOptions(Default.Options!)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
