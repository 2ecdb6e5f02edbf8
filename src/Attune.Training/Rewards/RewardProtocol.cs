using System.Text.Json;
using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// One JSON object a batch, on one line: <c>{"id":n,"prompts":[…],"completions":[…]}</c>, answered by <c>{"id":n,"scores":[…]}</c>, for each
/// completion a number, or a list with a number for each of its tokens.
/// </summary>
sealed class RewardProtocol(RemoteReward options, Tokenizer tokenizer)
{
    const int LongestQuotation = 200;

    /// <summary>An answer may have this many bytes: far more than a batch can need.</summary>
    public const int LargestAnswer = 64 * 1024 * 1024;

    public byte[] Request(long id, Rollouts rollouts)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            var answers = TextResponse.FromRollouts(rollouts, tokenizer);
            json.WriteStartObject();
            json.WriteNumber("id", id);
            WriteList(json, "prompts", answers, answer => json.WriteStringValue(answer.Prompt.Text));
            WriteList(json, "completions", answers, answer => json.WriteStringValue(answer.Text));
            foreach (var field in options.Fields)
                WriteList(json, field, answers, answer => answer.Field(field).WriteTo(json));
            if (options.Tokens)
                WriteList(json, "tokens", answers, answer => WriteTokens(json, answer.Response.Tokens));
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <summary>Scores as the answer to a request gives them.</summary>
    /// <exception cref="InvalidDataException">It is something else; the message says what was found.</exception>
    public static Scores Read(long id, ReadOnlyMemory<byte> answer, Rollouts rollouts)
    {
        using var document = Parse(answer);
        try
        {
            return Read(id, document.RootElement, answer, rollouts);
        }
        catch (InvalidOperationException)
        {
            throw Wrong("texts of whole characters were expected, found half of a surrogate pair", answer);
        }
    }

    static Scores Read(long id, JsonElement root, ReadOnlyMemory<byte> answer, Rollouts rollouts)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("id", out var found) || !root.TryGetProperty("scores", out var scores))
            throw Wrong("an object with id and scores was expected", answer);
        if (found.ValueKind != JsonValueKind.Number || !found.TryGetInt64(out var number) || number != id)
            throw Wrong($"the id {id} of the request was expected, found {Shown(found)}", answer);
        if (scores.ValueKind != JsonValueKind.Array || scores.GetArrayLength() != rollouts.Count)
        {
            var length = scores.ValueKind == JsonValueKind.Array ? $"one of {scores.GetArrayLength()}" : Shown(scores);
            throw Wrong($"a list of {rollouts.Count} scores was expected, found {length}", answer);
        }
        return new([.. scores.EnumerateArray().Select((score, row) => ReadRow(score, row, rollouts.Completions[row].Tokens.Length))]);
    }

    static double[] ReadRow(JsonElement score, int row, int tokens)
    {
        if (score.ValueKind != JsonValueKind.Array)
            return [Number(score, row)];
        return score.GetArrayLength() == tokens
            ? [.. score.EnumerateArray().Select(number => Number(number, row))]
            : throw new InvalidDataException(
                $"it answered {score.GetArrayLength()} numbers for completion {row}, which has {tokens} tokens; "
                + "a number for each of them, or one number for all, was expected");
    }

    static double Number(JsonElement score, int row) =>
        score.ValueKind == JsonValueKind.Number && score.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : throw new InvalidDataException($"it answered {Shown(score)} for completion {row}; a finite number was expected");

    static JsonDocument Parse(ReadOnlyMemory<byte> answer)
    {
        try
        {
            return JsonDocument.Parse(answer);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                $"its answer is not JSON: {Quoted(answer)}. "
                + "Only answers may be written where they are read from; other output belongs to stderr", error);
        }
    }

    static InvalidDataException Wrong(string what, ReadOnlyMemory<byte> answer) => new($"in its answer {what}: {Quoted(answer)}");

    static string Shown(JsonElement value) => Shortened(value.GetRawText());

    internal static string Quoted(ReadOnlyMemory<byte> answer) =>
        answer.Length == 0 ? "an empty line"
        : Shortened(System.Text.Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, 4 * LongestQuotation)]));

    static string Shortened(string text) => text.Length > LongestQuotation ? text[..LongestQuotation] + " …" : text;

    static void WriteList(Utf8JsonWriter json, string name, TextResponse[] answers, Action<TextResponse> write)
    {
        json.WriteStartArray(name);
        foreach (var answer in answers)
            write(answer);
        json.WriteEndArray();
    }

    void WriteTokens(Utf8JsonWriter json, int[] tokens)
    {
        json.WriteStartArray();
        foreach (var token in tokens)
            json.WriteStringValue(tokenizer.Decode([token]));
        json.WriteEndArray();
    }
}
