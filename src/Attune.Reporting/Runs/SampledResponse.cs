using System.Text.Json;
using Attune.Input;
using Attune.Reporting.Files;

namespace Attune.Reporting.Runs;

/// <summary>A response that a run sampled to learn from: a line of a file in <see cref="RunFolder.Responses"/>.</summary>
/// <param name="Row">The index of the prompt among the training prompts.</param>
/// <param name="Prompt">The text of the prompt.</param>
/// <param name="Completion">The text of the response.</param>
/// <param name="Tokens">Its tokens, with the end-of-sequence token if it ended.</param>
/// <param name="Logprobs">The log-probability of each token when it was sampled, in nats.</param>
/// <param name="Ended">Whether it ended by itself; otherwise it has the maximum length.</param>
public sealed record SampledResponse(int Row, string Prompt, string Completion, int[] Tokens, float[] Logprobs, bool Ended)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>The stop string that ended it; null for none.</summary>
    public string? StopString { get; init; }

    /// <summary>The score of the rewards; null before it is scored.</summary>
    public double? Score { get; init; }

    /// <summary>The score after it was scaled, clipped and reduced by penalties; null before it is scored.</summary>
    public double? Reward { get; init; }

    /// <summary>The scores of the parts of the rewards; null where there is one part.</summary>
    public IReadOnlyDictionary<string, double>? Parts { get; init; }

    /// <summary>Writes a file atomically.</summary>
    public static void Write(string path, IEnumerable<SampledResponse> responses) => AtomicWrite.File(path, unfinished =>
    {
        using var stream = File.Create(unfinished);
        foreach (var response in responses)
        {
            JsonSerializer.Serialize(stream, response, Json);
            stream.WriteByte((byte)'\n');
        }
        stream.Flush(flushToDisk: true);
    });

    /// <exception cref="InvalidDataException">A line is not a response.</exception>
    public static IReadOnlyList<SampledResponse> Read(string path) =>
        [.. InputFile.ReadLines(path, most: long.MaxValue).Select((line, index) => Parse(line, path, index + 1))];

    static SampledResponse Parse(string line, string path, int number)
    {
        try
        {
            return JsonSerializer.Deserialize<SampledResponse>(line, Json) is { Tokens: not null, Logprobs: not null } response
                ? response
                : throw new InvalidDataException($"{path}:{number} is not a sampled response");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}:{number} is not a sampled response: {error.Message}", error);
        }
    }
}
