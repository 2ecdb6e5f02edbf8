using System.Text.Json;
using Attune.Text;
using Attune.Training.Policies;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>
/// The JSON of a remote reward, one object for each batch, on one line: <c>{"id":n,"prompts":[…],"completions":[…]}</c>, answered by
/// <c>{"id":n,"scores":[…]}</c>, with a number for each completion, a list with a number for each of its tokens, or null for a completion
/// that the reward does not apply to. For a judge, each item of completions is a list of two, and its score is the probability that the
/// first is better.
/// </summary>
/// <param name="options">What is sent.</param>
/// <param name="tokenizer">The tokenizer, where tokens are sent.</param>
sealed class RewardProtocol(RemoteReward options, Tokenizer? tokenizer)
{
    public byte[] Request(long id, TextResponse[] responses) =>
        Request(id, responses, (json, row) => json.WriteStringValue(responses[row].Text));

    public byte[] Request(long id, IReadOnlyList<(TextResponse First, TextResponse Second)> pairs) =>
        Request(id, [.. pairs.Select(pair => pair.First)], (json, row) =>
        {
            json.WriteStartArray();
            json.WriteStringValue(pairs[row].First.Text);
            json.WriteStringValue(pairs[row].Second.Text);
            json.WriteEndArray();
        });

    byte[] Request(long id, TextResponse[] responses, Action<Utf8JsonWriter, int> writeCompletion)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            WriteList(json, "prompts", responses, response => json.WriteStringValue(response.Prompt.Text));
            WriteList(json, "completions", [.. Enumerable.Range(0, responses.Length)], row => writeCompletion(json, row));
            foreach (var field in options.Fields)
                WriteList(json, field, responses, response => response.Field(field).WriteTo(json));
            if (options.Tokens)
                WriteList(json, "tokens", responses, response => WriteTokens(json, response.Response.Tokens));
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <summary>Reads the scores of an answer.</summary>
    /// <exception cref="InvalidDataException">The answer is invalid; the message shows what it has.</exception>
    public static Scores Read(long id, ReadOnlyMemory<byte> answer, Rollouts rollouts) =>
        new(Read(id, answer, rollouts.Count, (score, row) => ReadRow(score, row, rollouts.Completions[row].Tokens.Length)));

    /// <summary>Reads the probabilities that the first responses of pairs are better.</summary>
    /// <inheritdoc cref="Read(long, ReadOnlyMemory{byte}, Rollouts)"/>
    public static double[] ReadWinRates(long id, ReadOnlyMemory<byte> answer, int pairs) =>
        Read(id, answer, pairs, (score, row) => Number(score, row) is >= 0 and <= 1 and var probability
            ? probability
            : throw new InvalidDataException($"its answer has {Shown(score)} for pair {row}, which must be from 0 to 1"));

    static T[] Read<T>(long id, ReadOnlyMemory<byte> answer, int count, Func<JsonElement, int, T> readItem)
    {
        try
        {
            return [.. ScoresOf(id, answer, count).EnumerateArray().Select(readItem)];
        }
        catch (InvalidOperationException)
        {
            throw RemoteCalls.Wrong("a text has invalid UTF-8 or half of a surrogate pair", answer);
        }
    }

    static JsonElement ScoresOf(long id, ReadOnlyMemory<byte> answer, int count)
    {
        var scores = RemoteCalls.ParseObject(answer, id, "scores").GetProperty("scores");
        if (scores.ValueKind != JsonValueKind.Array || scores.GetArrayLength() != count)
        {
            var length = scores.ValueKind == JsonValueKind.Array ? Quantity.Of(scores.GetArrayLength(), "item") : Shown(scores);
            throw RemoteCalls.Wrong($"scores must be a list of {count} (was {length})", answer);
        }
        return scores;
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

    static string Shown(JsonElement value) => RemoteCalls.Shortened(value.GetRawText());

    static void WriteList<T>(Utf8JsonWriter json, string name, T[] items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
            write(item);
        json.WriteEndArray();
    }

    void WriteTokens(Utf8JsonWriter json, int[] tokens)
    {
        json.WriteStartArray();
        foreach (var token in tokens)
            json.WriteStringValue(tokenizer!.Decode([token]));
        json.WriteEndArray();
    }
}
