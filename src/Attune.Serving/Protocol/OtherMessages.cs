using System.Text.Json;

namespace Attune.Serving.Protocol;

sealed record ModelList(string Object, IReadOnlyList<ModelEntry> Data);

sealed record ModelEntry(string Id, string Object, long Created, string OwnedBy)
{
    public int? MaxModelLen { get; init; }
}

/// <summary>A request to <c>/v1/score</c>, in the form of Attune's HTTP rewards.</summary>
sealed record ScoreRequest
{
    public string? Model { get; init; }
    public long? Id { get; init; }
    public IReadOnlyList<string>? Prompts { get; init; }
    public IReadOnlyList<string>? Completions { get; init; }
}

sealed record ScoreResponse(string Model, IReadOnlyList<double> Scores)
{
    public long? Id { get; init; }
}

/// <summary>A request to <c>/v1/embeddings</c>.</summary>
sealed record EmbeddingRequest
{
    public string? Model { get; init; }
    public JsonElement? Input { get; init; }
    public string? EncodingFormat { get; init; }
    public int? Dimensions { get; init; }
}

sealed record EmbeddingList(string Object, string Model, IReadOnlyList<EmbeddingEntry> Data, Usage Usage);

/// <param name="Index">The index of the text.</param>
/// <param name="Object">Always <c>embedding</c>.</param>
/// <param name="Embedding">A list of numbers, or their bytes in base64.</param>
sealed record EmbeddingEntry(int Index, string Object, JsonElement Embedding);

sealed record HealthReport(string Status);
