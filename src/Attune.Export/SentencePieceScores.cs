using System.Globalization;
using Attune.Text;

namespace Attune.Export;

/// <summary>
/// The scores of tokens, from the merges of a tokenizer.json that was converted from SentencePiece. Its merges are those of every token
/// into two others, the best token first; so the score of a token is the negative number of its place.
/// </summary>
sealed class SentencePieceScores
{
    readonly JsonField model;
    readonly Func<int, bool> isAdded;
    readonly Dictionary<string, int> ids;

    /// <param name="root">The content of tokenizer.json.</param>
    /// <param name="isAdded">Whether an id is that of an added token, which is never merged.</param>
    /// <exception cref="InvalidDataException">The tokenizer is not of this kind.</exception>
    public SentencePieceScores(JsonField root, Func<int, bool> isAdded)
    {
        (model, this.isAdded) = (root["model"], isAdded);
        RequireKind(root);
        ids = model["vocab"].Members().ToDictionary(member => member.Name, member => member.Field.Whole(), StringComparer.Ordinal);
    }

    static void RequireKind(JsonField root)
    {
        if (!root["model"].Flag("byte_fallback", false))
            throw GgufTokenizer.Refused(root["model"], "byte_fallback is false");
        foreach (var step in Inner(root.Optional("normalizer"), "normalizers"))
            if (!IsReplacedSpace(step) && !IsPrepended(step))
                throw GgufTokenizer.Refused(step, $"the normalizer is {step["type"].Text()}");
        foreach (var step in Inner(root.Optional("pre_tokenizer"), "pretokenizers"))
            if (!IsMetaspace(step) && !SplitsAtSpaces(step))
                throw GgufTokenizer.Refused(step, $"the pre-tokenizer is {step["type"].Text()} with these settings");
    }

    /// <summary>Whether a space is put in front of a text.</summary>
    public static bool HasSpacePrefix(JsonField root) =>
        Inner(root.Optional("normalizer"), "normalizers").Any(IsPrepended)
        || Inner(root.Optional("pre_tokenizer"), "pretokenizers").Any(step =>
            IsMetaspace(step) && (step.Optional("prepend_scheme")?.Text() ?? "always") != "never");

    public static bool IsByte(string token) => token is ['<', '0', 'x', _, _, '>']
        && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _);

    public static IEnumerable<(string Left, string Right)> Merges(JsonField model) => model["merges"].Items().Select(merge =>
    {
        var parts = merge.Value.ValueKind == System.Text.Json.JsonValueKind.Array
            ? [.. merge.Items().Select(part => part.Text())]
            : merge.Text().Split(' ');
        return parts is [var left, var right] ? (left, right) : throw merge.Wrong("a pair of tokens");
    });

    /// <summary>The scores of the tokens with the ids below a number.</summary>
    /// <exception cref="InvalidDataException">The merges do not follow from scores.</exception>
    public float[] Of(int rows)
    {
        var scores = new float[rows];
        var places = new Dictionary<string, (int Place, int Merges)>(StringComparer.Ordinal);
        var last = "";
        foreach (var (left, right) in Merges(model))
        {
            var token = left + right;
            if (token != last && places.ContainsKey(token))
                throw NotOfScores($"merges into '{token}' are in several places");
            var (place, merges) = places.GetValueOrDefault(token, (places.Count, 0));
            (places[token], last) = ((place, merges + 1), token);
        }
        foreach (var (token, id) in ids)
            if (id < rows && !isAdded(id) && !IsByte(token))
                scores[id] = -Place(token);
        return scores;

        int Place(string token)
        {
            var (place, merges) = places.GetValueOrDefault(token, (places.Count, 0));
            return merges == Splits(token) ? place : throw NotOfScores($"'{token}' has {merges} merges of {Splits(token)} possible ones");
        }
    }

    /// <summary>The number of ways to make a token of two others.</summary>
    int Splits(string token) => Enumerable.Range(1, token.Length - 1).Count(at =>
        !char.IsLowSurrogate(token[at]) && ids.ContainsKey(token[..at]) && ids.ContainsKey(token[at..]));

    InvalidDataException NotOfScores(string why) => model["merges"].Invalid(
        $"{why}, so the tokenizer was not converted from SentencePiece; llama.cpp merges by the scores of tokens and would give others");

    static IEnumerable<JsonField> Inner(JsonField? field, string items) => field switch
    {
        null => [],
        { } sequence when sequence["type"].Text() == "Sequence" => sequence[items].Items(),
        { } single => [single],
    };

    static bool IsReplacedSpace(JsonField step) => step["type"].Text() == "Replace"
        && step["pattern"].Optional("String")?.Text() == " " && step["content"].Text() == "▁";

    static bool IsPrepended(JsonField step) => step["type"].Text() == "Prepend" && step["prepend"].Text() == "▁";

    static bool IsMetaspace(JsonField step) =>
        step["type"].Text() == "Metaspace" && step["replacement"].Text() == "▁" && !step.Flag("split", true);

    /// <summary>Gemma's pre-tokenizer, which finds no space after its normalizer.</summary>
    static bool SplitsAtSpaces(JsonField step) =>
        step["type"].Text() == "Split" && step["pattern"].Optional("String")?.Text() == " ";
}
