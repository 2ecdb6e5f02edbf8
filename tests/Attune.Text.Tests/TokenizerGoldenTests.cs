using System.Text.Json;
using Attune.Testing;

namespace Attune.Text.Tests;

/// <summary>
/// Compares with Hugging Face's <c>tokenizers</c> 0.22.2, for every golden tokenizer and for small ones that each test one part of a
/// tokenizer.json.
/// </summary>
[Trait("Category", "Golden")]
public sealed class TokenizerGoldenTests
{
    public static TheoryData<string> Names => 
    [
        .. from kind in new[] { "tokenizers", "tokenizer-parts" }
           from name in Golden.Names(kind, name => File.Exists(Golden.PathTo(kind, name, "tokenizer.json")))
           select $"{kind}/{name}",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryCaseEncodesAndDecodesAsInTheLibrary(string name)
    {
        var tokenizer = Tokenizer.Load(Golden.PathTo(name));
        var differences = new Differences();
        var normalized = NormalizedTokens(tokenizer, name);
        foreach (var line in File.ReadLines(Golden.PathTo(name, "cases.jsonl")))
        {
            var expected = JsonElement.Parse(line);
            Compare(tokenizer, expected, differences, isDecoded: !Integers(expected.GetProperty("ids")).Any(normalized.Contains));
            Golden.Ran("tokenizers");
        }
        differences.AssertNone();
    }

    /// <summary>
    /// Added tokens that a normalizer may change. Version 0.22.2 decodes them as they are written, 0.23.1 and Attune as they are
    /// normalized, so decoded texts with them are not compared.
    /// </summary>
    static HashSet<int> NormalizedTokens(Tokenizer tokenizer, string name)
    {
        var json = JsonElement.Parse(File.ReadAllText(Golden.PathTo(name, "tokenizer.json")));
        return json.GetProperty("normalizer").ValueKind == JsonValueKind.Null
            ? []
            : [.. json.GetProperty("added_tokens").EnumerateArray().Where(token => token.GetProperty("normalized").GetBoolean())
                .Select(token => tokenizer.TokenToId(token.GetProperty("content").GetString()!)!.Value)];
    }

    static void Compare(Tokenizer tokenizer, JsonElement expected, Differences differences, bool isDecoded)
    {
        var (text, pair) = (expected.GetProperty("text").GetString()!, expected.GetProperty("pair").GetString());
        var addSpecialTokens = expected.GetProperty("add_special_tokens").GetBoolean();
        var what = $"{Shown(text)}, pair {Shown(pair)}, special {addSpecialTokens}";
        var encoding = tokenizer.EncodeFull(text, pair, addSpecialTokens);
        Compare(encoding, expected, what, differences);
        differences.Add(what, "tokens", expected.GetProperty("tokens"), encoding.Tokens);
        differences.Add(what, "special_tokens_mask", expected.GetProperty("special_tokens_mask"), Bits(encoding.SpecialTokensMask));
        if (isDecoded)
        {
            differences.Add(what, "decoded", expected.GetProperty("decoded"), tokenizer.Decode(encoding.Ids));
            differences.Add(
                what, "decoded_skip_special", expected.GetProperty("decoded_skip_special"), tokenizer.Decode(encoding.Ids, true));
        }
        if (pair is null)
            differences.Add(what, "ids of the fast path", expected.GetProperty("ids"), tokenizer.Encode(text, addSpecialTokens));
    }

    static void Compare(Encoding encoding, JsonElement expected, string what, Differences differences)
    {
        differences.Add(what, "ids", expected.GetProperty("ids"), encoding.Ids);
        differences.Add(what, "offsets", expected.GetProperty("offsets"), encoding.Offsets.Select(Pair));
        differences.Add(what, "type_ids", expected.GetProperty("type_ids"), encoding.TypeIds);
        differences.Add(what, "attention_mask", expected.GetProperty("attention_mask"), Bits(encoding.AttentionMask));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AnyIdsDecodeAsInTheLibrary(string name)
    {
        var tokenizer = Tokenizer.Load(Golden.PathTo(name));
        var (differences, normalized) = (new Differences(), NormalizedTokens(tokenizer, name));
        foreach (var expected in Extra(name, "decode_random_ids"))
        {
            var ids = Integers(expected.GetProperty("ids"));
            if (ids.Any(normalized.Contains))
                continue;
            differences.Add(Shown(ids), "decoded", expected.GetProperty("decoded"), tokenizer.Decode(ids));
            differences.Add(Shown(ids), "decoded_skip_special", expected.GetProperty("decoded_skip_special"), tokenizer.Decode(ids, true));
            Golden.Ran("tokenizers");
        }
        differences.AssertNone();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void StreamsGiveTheirTextAtTheSameSteps(string name)
    {
        var tokenizer = Tokenizer.Load(Golden.PathTo(name));
        var differences = new Differences();
        foreach (var expected in Extra(name, "decode_stream"))
        {
            var stream = tokenizer.NewDecodeStream(skipSpecialTokens: true);
            var steps = Integers(expected.GetProperty("ids")).Select(stream.Step).ToList();
            differences.Add(expected.GetProperty("text").GetString()!, "steps", expected.GetProperty("steps"), steps);
            Golden.Ran("tokenizers");
        }
        differences.AssertNone();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void BatchesAreCutAndPaddedAsInTheLibrary(string name)
    {
        var tokenizer = Tokenizer.Load(Golden.PathTo(name));
        var differences = new Differences();
        foreach (var expected in Extra(name, "padding_truncation"))
        {
            Compare(tokenizer, expected.GetProperty("settings"), expected, differences);
            Golden.Ran("tokenizers");
        }
        differences.AssertNone();
    }

    static void Compare(Tokenizer tokenizer, JsonElement settings, JsonElement expected, Differences differences)
    {
        var texts = expected.GetProperty("batch").EnumerateArray().Select(TextAndPair).ToList();
        IReadOnlyList<Encoding> Encode() => tokenizer.EncodeBatch(texts, truncation: TruncationOf(settings), padding: PaddingOf(settings));
        if (expected.TryGetProperty("error", out _))
        {
            Golden.Equal(true, Record.Exception(Encode) is InvalidDataException, "refused");
            return;
        }
        var encodings = Encode();
        Assert.Equal(expected.GetProperty("encodings").GetArrayLength(), encodings.Count);
        foreach (var (encoding, wanted) in encodings.Zip(expected.GetProperty("encodings").EnumerateArray()))
        {
            Compare(encoding, wanted, settings.GetRawText(), differences);
            var overflowing = encoding.Overflowing.Select(piece => piece.Ids);
            differences.Add(settings.GetRawText(), "overflowing_ids", wanted.GetProperty("overflowing_ids"), overflowing);
        }
    }

    static (string Text, string? Pair) TextAndPair(JsonElement item) => item.ValueKind == JsonValueKind.Array
        ? (item[0].GetString()!, item[1].GetString())
        : (item.GetString()!, null);

    static Truncation? TruncationOf(JsonElement settings) => settings.TryGetProperty("truncation", out var truncation)
        ? new()
        {
            MaxLength = truncation.GetProperty("max_length").GetInt32(),
            Stride = Integer(truncation, "stride", 0),
            Strategy = Enum.Parse<TruncationStrategy>(Text(truncation, "strategy", "longest_first").Replace("_", ""), ignoreCase: true),
            Direction = Enum.Parse<Side>(Text(truncation, "direction", "right"), ignoreCase: true),
        }
        : null;

    static Padding? PaddingOf(JsonElement settings) => settings.TryGetProperty("padding", out var padding)
        ? new()
        {
            Length = Integer(padding, "length", 0) is > 0 and var length ? length : null,
            PadToMultipleOf = Integer(padding, "pad_to_multiple_of", 0),
            PadId = Integer(settings, "pad_id", 0),
            PadTypeId = Integer(padding, "pad_type_id", 0),
            PadToken = Text(settings, "pad_token", "[PAD]"),
            Direction = Enum.Parse<Side>(Text(padding, "direction", "right"), ignoreCase: true),
        }
        : null;

    static int Integer(JsonElement element, string name, int otherwise) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : otherwise;

    static string Text(JsonElement element, string name, string otherwise) =>
        element.TryGetProperty(name, out var value) ? value.GetString()! : otherwise;

    static List<JsonElement> Extra(string name, string kind) =>
        Golden.Json(name, "extra.json").TryGetProperty(kind, out var cases) ? [.. cases.EnumerateArray()] : [];

    static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];

    static int[] Pair(Offset offset) => [offset.Start, offset.End];

    static IEnumerable<int> Bits(bool[] mask) => mask.Select(bit => bit ? 1 : 0);

    static string Shown(object? value) => JsonSerializer.Serialize(value);
}
