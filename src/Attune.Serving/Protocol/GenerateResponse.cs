using System.Text.Json;
using System.Text.Json.Serialization;

namespace Attune.Serving.Protocol;

/// <summary>A response of <c>/generate</c>.</summary>
sealed record GenerateResponse(string Text, IReadOnlyList<int> OutputIds, GenerateInfo MetaInfo);

sealed record GenerateInfo(
    string Id, GenerateEnd FinishReason, int PromptTokens, int CompletionTokens, int CachedTokens, string WeightVersion)
{
    public IReadOnlyList<GenerateLogprob>? OutputTokenLogprobs { get; init; }
}

/// <summary>Why a response ended.</summary>
/// <param name="Type">stop or length.</param>
/// <param name="Length">Its number of tokens, if it has the most that are allowed.</param>
/// <param name="Matched">The token or the stop string that ended it.</param>
sealed record GenerateEnd(string Type, int? Length = null, JsonElement? Matched = null);

/// <summary>A token, written as the list <c>[logprob, id, null]</c>.</summary>
[JsonConverter(typeof(GenerateLogprobConverter))]
readonly record struct GenerateLogprob(double Logprob, int Id);

sealed class GenerateLogprobConverter : JsonConverter<GenerateLogprob>
{
    public override GenerateLogprob Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, GenerateLogprob value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value.Logprob);
        writer.WriteNumberValue(value.Id);
        writer.WriteNullValue();                                   // its text
        writer.WriteEndArray();
    }
}
