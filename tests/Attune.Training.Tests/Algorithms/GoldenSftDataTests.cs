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
        if (name is "prompt_completion_keep_end" or "packed_wrapped")
            Compare(Joined(examples, "input_ids"), Joined(examples, "labels"), Join(rows));
        else
        {
            Golden.Equal(examples.Count, rows.Count, "rows");
            foreach (var (example, row) in examples.Zip(rows))
                Compare(Ids(example, "input_ids"), Ids(example, "labels"), row);
        }
        if (expected.TryGetProperty("collated", out var collated) && name != "prompt_completion_keep_end")
            ComparePadded(collated, rows);
        if (expected.TryGetProperty("collated_padding_free", out var flat))
            CompareFlat(flat, rows);
        foreach (var (example, row) in examples.Zip(rows).Where(pair => pair.First.TryGetProperty("seq_lengths", out _)))
            if (name != "packed_wrapped")
                Golden.Equal(Ids(example, "seq_lengths"), row.Segments!.CountBy(segment => segment).Select(own => own.Value), "lengths");
    }

    /// <summary>
    /// The rows that Attune makes of a case's data. Where it differs from TRL: of `keep_end` the last tokens of the whole text, because
    /// Attune cuts the end; of conversations all but the EOS token that Attune adds; of `bfd_split` and `wrapped` the whole texts, because
    /// Attune does not cut a demonstration in pieces to train on.
    /// </summary>
    IReadOnlyList<TokenRow> Rows(string name, JsonElement item)
    {
        var hparams = item.GetProperty("hparams");
        var length = (int)(hparams.Optional("max_length") ?? 1024);
        var examples = Examples(item);
        return name switch
        {
            "text" or "prompt_completion_full_loss" => [.. examples.Select(example => Document(DataDigest.TextsOf(example).Single()))],
            "prompt_completion_keep_end" => [.. Encoded(1024).Select(row => Part(row, Math.Max(0, row.Tokens.Length - length)..))],
            "assistant_only" or "conversational_prompt_completion" => [.. Encoded(1024).Select(WithoutEos)],
            "packed_bfd" => Packing.BestFit(Encoded(length), length),
            "packed_bfd_split" => Packing.BestFit([.. Encoded(1024).SelectMany(row => Pieces(row, length))], length),
            "packed_wrapped" => Encoded(1024),
            _ => Encoded(length),
        };

        IReadOnlyList<TokenRow> Encoded(int context) => Training.Algorithms.Sft.Encode(examples, new(TokenizerOf(name), context));

        TokenRow Document(string text) =>
            new TextEncoder(TokenizerOf(name), 1024).EncodeDocument(text) is var ids ? new(ids, Array.ConvertAll(ids, _ => true)) : null!;
    }

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

    static TokenRow Join(IEnumerable<TokenRow> rows) =>
        new([.. rows.SelectMany(row => row.Tokens)], [.. rows.SelectMany(row => row.LossMask)]);

    static void Compare(int[] ids, int[] labels, TokenRow row)
    {
        Golden.Equal(ids, row.Tokens, "tokens");
        Golden.Equal(labels, Labels(row), "labels");
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

    static int[] Joined(IEnumerable<JsonElement> examples, string key) => [.. examples.SelectMany(example => Ids(example, key))];

    static int[] Ids(JsonElement example, string key) => [.. example.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];
}
