using System.Text.Json;
using Attune.Data;
using Attune.Testing;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;

namespace Attune.Training.Tests.Algorithms;

/// <summary>
/// Demonstrations in tokens, their masks, padding and packing, as TRL's SFTTrainer prepares them. docs/algorithms/sft.md numbers what
/// differs on purpose; <see cref="Rows"/> says what is compared then.
/// </summary>
[Trait("Category", "Golden")]
public sealed class GoldenSftDataTests : IDisposable
{
    const int Ignored = -100;

    readonly TensorScope scope = TensorScope.Open();
    readonly TemporaryFolder folder = new();

    public static TheoryData<string> Cases => [.. GoldenFile.Cases("ift")];

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rows_OfEachCase_AreThoseOfTrl(string name)
    {
        var (item, _) = GoldenFile.Read("ift", name);
        var (expected, rows) = (item.GetProperty("expected"), Rows(name, item));

        var examples = expected.GetProperty("examples").EnumerateArray().ToList();
        if (name.EndsWith("wrapped", StringComparison.Ordinal))
        {
            Golden.Equal(Joined(examples, "input_ids"), rows.SelectMany(row => row.Tokens), "tokens");
            Golden.Equal(Joined(examples, "labels"), HasLabels(examples) ? rows.SelectMany(Labels) : [], "labels");
        }
        else
        {
            Golden.Equal(examples.Count, rows.Count, "rows");
            foreach (var (example, row) in examples.Zip(rows))
                Compare(example, row);
        }
        if (expected.TryGetProperty("collated", out var collated))
            ComparePadded(collated, rows);
        if (expected.TryGetProperty("collated_padding_free", out var flat))
            CompareFlat(flat, rows);
    }

    /// <summary>
    /// The rows that Attune makes of a case's data. Where it differs from TRL: of `keep_end` the last tokens of the whole text, because
    /// Attune cuts the end; of conversations all but the EOS token that Attune adds; of `bfd_split` and `wrapped` the whole texts, because
    /// Attune does not cut a demonstration in pieces to train on.
    /// </summary>
    IReadOnlyList<TokenRow> Rows(string name, JsonElement item)
    {
        var hparams = item.GetProperty("hparams");
        var length = (int)(hparams.Optional("max_length") ?? hparams.Optional("seq_length") ?? 1024);
        if (item.GetProperty("rows")[0].ValueKind == JsonValueKind.Array)
            return Packed(name, [.. item.GetProperty("rows").EnumerateArray().Select(row => Whole(Ids(row)))], length);
        var examples = Examples(item);
        return name switch
        {
            "text" or "prompt_completion_full_loss" => [.. examples.Select(example => Document(DataDigest.TextsOf(example).Single()))],
            "prompt_completion_keep_end" => [.. Encoded(1024).Select(row => Part(row, Math.Max(0, row.Tokens.Length - length)..))],
            "assistant_only" or "conversational_prompt_completion" => [.. Encoded(1024).Select(WithoutEos)],
            "packed_bfd" or "packed_bfd_split" or "packed_wrapped" => Packed(name, Encoded(1024), length),
            _ => Encoded(length),
        };

        IReadOnlyList<TokenRow> Encoded(int context) => Training.Algorithms.Sft.Encode(examples, new(TokenizerOf(name), context));

        TokenRow Document(string text) => Whole(new TextEncoder(TokenizerOf(name), 1024).EncodeDocument(new(new("documents", 1), text)));
    }

    static IReadOnlyList<TokenRow> Packed(string name, IReadOnlyList<TokenRow> rows, int length) => name[(name.IndexOf('_') + 1)..] switch
    {
        "bfd" => Packing.BestFit([.. rows.Select(row => Part(row, ..Math.Min(length, row.Tokens.Length)))], length),
        "bfd_split" => Packing.BestFit([.. rows.SelectMany(row => Pieces(row, length))], length),
        _ => rows,
    };

    static TokenRow Whole(int[] tokens) => new(tokens, Array.ConvertAll(tokens, _ => true));

    /// <summary>
    /// The tokenizer with the chat template. Without {% generation %} the loss of a completion covers all that it adds to the prompt, as in
    /// TRL; with it, what is marked.
    /// </summary>
    static Tokenizer TokenizerOf(string name)
    {
        var file = Golden.Json("losses", "ift.json");
        var template = Golden.Json([.. $"{file.GetProperty("chat_template").GetString()}.json".Split('/')]).GetProperty("template");
        var jinja = name == "conversational_prompt_completion"
            ? template.GetString()!.Replace("{%- generation %}", "", StringComparison.Ordinal)
                .Replace("{%- endgeneration %}", "", StringComparison.Ordinal)
            : template.GetString();
        return Tokenizer.Load(Golden.PathTo(file.GetProperty("tokenizer").GetString()!.Split('/'))).WithChatTemplate(jinja);
    }

    List<Example> Examples(JsonElement item)
    {
        var lines = item.GetProperty("rows").EnumerateArray().Select(row => JsonSerializer.Serialize(row));
        return [.. Dataset.Read(folder.Write("rows.jsonl", string.Join('\n', lines)))];
    }

    static TokenRow WithoutEos(TokenRow row) =>
        row.Tokens[^1] == 0 && row.LossMask[^1] ? Part(row, ..^1) : throw new NumericException("the conversation has no EOS token");

    static IEnumerable<TokenRow> Pieces(TokenRow row, int length)
    {
        for (var start = 0; start < row.Tokens.Length; start += length)
            yield return Part(row, start..Math.Min(start + length, row.Tokens.Length));
    }

    static TokenRow Part(TokenRow row, Range range) => new(row.Tokens[range], row.LossMask[range]);

    static void Compare(JsonElement example, TokenRow row)
    {
        Golden.Equal(Ids(example.GetProperty("input_ids")), row.Tokens, "tokens");
        if (example.TryGetProperty("labels", out var labels))
            Golden.Equal(Ids(labels), Labels(row), "labels");
        if (example.TryGetProperty("seq_lengths", out var lengths))
            Golden.Equal(Ids(lengths), row.Segments!.CountBy(segment => segment).Select(own => own.Value), "lengths");
    }

    static IEnumerable<int> Labels(TokenRow row) => row.Tokens.Zip(row.LossMask, (token, learned) => learned ? token : Ignored);

    static void ComparePadded(JsonElement expected, IReadOnlyList<TokenRow> rows)
    {
        var padded = PaddedRows.From([.. rows.Select(row => row.Tokens)], (int)Golden.Json("losses", "ift.json").Number("pad_token_id"));
        Golden.Equal(GoldenTensor.Read(expected.GetProperty("input_ids")).Longs, padded.Tokens, "padded tokens");
        Golden.Equal(GoldenTensor.Read(expected.GetProperty("attention_mask")).Bools, padded.Mask, "mask");
        Golden.Equal(
            GoldenTensor.Read(expected.GetProperty("labels")).Longs.Where(label => label != Ignored),
            rows.SelectMany(Labels).Where(label => label != Ignored).Select(label => (long)label), "labels");
    }

    /// <summary>Without padding: all texts one after the other, with positions that restart.</summary>
    static void CompareFlat(JsonElement expected, IReadOnlyList<TokenRow> rows)
    {
        var input = TensorBatch.From(rows, padId: 0, Device.Cpu);
        var real = input.AttentionMask!.ToArray<bool>();
        Golden.Equal(GoldenTensor.Read(expected.GetProperty("input_ids")).Longs, Real(input.Tokens), "tokens in one row");
        Golden.Equal(GoldenTensor.Read(expected.GetProperty("position_ids")).Longs, Real(input.Positions!), "positions");
        Golden.Equal(
            GoldenTensor.Read(expected.GetProperty("labels")).Longs, rows.SelectMany(Labels).Select(label => (long)label), "labels");

        IEnumerable<long> Real(Tensor all) => all.ToArray<long>().Where((_, at) => real[at]);
    }

    static int[] Joined(IEnumerable<JsonElement> examples, string key) =>
        [.. examples.SelectMany(example => example.TryGetProperty(key, out var ids) ? Ids(ids) : [])];

    static bool HasLabels(List<JsonElement> examples) => examples[0].TryGetProperty("labels", out _);

    static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];
}
