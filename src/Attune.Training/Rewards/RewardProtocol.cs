using System.Text.Json;
using Attune.Text;
using Attune.Training.Policies;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>
/// The JSON of a remote reward, one object for each batch, on one line: <c>{"id":n,"prompts":[…],"completions":[…]}</c>, answered by
/// <c>{"id":n,"scores":[…]}</c>, with a number for each completion, a list with a number for each of its tokens, or null for a completion
/// that the reward does not apply to.
/// </summary>
sealed class RewardProtocol(RemoteReward options, Tokenizer tokenizer)
{
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

    /// <summary>Reads the scores of an answer.</summary>
    /// <exception cref="InvalidDataException">The answer is invalid; the message shows what it has.</exception>
    public static Scores Read(long id, ReadOnlyMemory<byte> answer, Rollouts rollouts)
    {
        using var document = Parse(answer);
        try
        {
            return Read(id, document.RootElement, answer, rollouts);
        }
        catch (InvalidOperationException)
        {
            throw Wrong("a text has half of a surrogate pair", answer);
        }
    }

    static Scores Read(long id, JsonElement root, ReadOnlyMemory<byte> answer, Rollouts rollouts)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("id", out var found)
            || !root.TryGetProperty("scores", out var scores))
            throw Wrong("there must be an object with id and scores", answer);
        if (found.ValueKind != JsonValueKind.Number || !found.TryGetInt64(out var number) || number != id)
            throw Wrong($"id must be {id}, that of the request (was {Shown(found)})", answer);
        if (scores.ValueKind != JsonValueKind.Array || scores.GetArrayLength() != rollouts.Count)
        {
            var length = scores.ValueKind == JsonValueKind.Array ? Quantity.Of(scores.GetArrayLength(), "item") : Shown(scores);
            throw Wrong($"scores must be a list of {rollouts.Count} (was {length})", answer);
        }
        return new([.. scores.EnumerateArray().Select((score, row) => ReadRow(score, row, rollouts.Completions[row].Tokens.Length))]);
    }

    static double[] ReadRow(JsonElement score, int row, int tokens)
    {
        if (score.ValueKind == JsonValueKind.Null)
            return [];
        if (score.ValueKind != JsonValueKind.Array)
            return [Number(score, row)];
        return score.GetArrayLength() == tokens
            ? [.. score.EnumerateArray().Select(number => Number(number, row))]
            : throw new InvalidDataException(
                $"its answer has {Quantity.Of(score.GetArrayLength(), "number")} for completion {row}, which has "
                + $"{Quantity.Of(tokens, "token")}; it must have one number, or one for each token");
    }

    static double Number(JsonElement score, int row) =>
        score.ValueKind == JsonValueKind.Number && score.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : throw new InvalidDataException($"its answer has {Shown(score)} for completion {row}, which must be a finite number or null");

    static JsonDocument Parse(ReadOnlyMemory<byte> answer)
    {
        try
        {
            return JsonDocument.Parse(answer);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                $"its answer is not JSON: {RemoteCalls.Quoted(answer)}. "
                + "Only answers may be written to stdout; write other output to stderr", error);
        }
    }

    static InvalidDataException Wrong(string what, ReadOnlyMemory<byte> answer) =>
        new($"in its answer {what}: {RemoteCalls.Quoted(answer)}");

    static string Shown(JsonElement value) => RemoteCalls.Shortened(value.GetRawText());

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
