using System.Globalization;
using System.Text.Json;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Generation.Tests;

/// <summary>Compares filters with logits processors of transformers, alone and in chains.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenFilterTests
{
    static readonly Lazy<JsonElement> File = new(() => Golden.Json("generation", "logits_processors.json"));

    public static TheoryData<int, string> Cases =>
        [.. File.Value.GetProperty("cases").EnumerateArray().Select((item, index) => (index, item.GetProperty("name").GetString()!))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void FilteredLogitsAgree(int index, string name)
    {
        using var scope = TensorScope.Open();
        var item = File.Value.GetProperty("cases")[index];
        var (filters, rows) = Read(item);

        var logits = filters.Aggregate(
            Scores(item.GetProperty("scores").GetString()!), (scores, filter) => filter.Apply(scores, new(rows)));

        Compare(item.GetProperty("expected"), logits, name);
        if (item.TryGetProperty("expected_probabilities", out var probabilities))
            Compare(probabilities, logits.Softmax(-1), $"{name}: probabilities");
        Golden.Ran($"generation: {item.GetProperty("processor").GetString()}");
    }

    static void Compare(JsonElement expected, Tensor actual, string what) =>
        Golden.Close(GoldenTensor.Read(expected).Data, actual.ToArray<float>(), what, Tolerance.FewOperations);

    /// <summary>The filters of a case, and its rows with prompt length and encoder input.</summary>
    static (IReadOnlyList<ILogitsFilter> Filters, IReadOnlyList<TokenHistory> Rows) Read(JsonElement item)
    {
        var input = item.TryGetProperty("input_ids", out var own) ? own : File.Value.GetProperty("inputs").GetProperty("input_ids");
        var hparams = item.GetProperty("hparams");
        var processor = item.GetProperty("processor").GetString()!;
        if (processor == "list")
            return Chain(input, [.. Texts(hparams.GetProperty("order"))]);
        var promptLength = hparams.EnumerateObject()
            .Where(key => key.Name is "prompt_length" or "prompt_ignore_length" or "input_ids_seq_length").Sum(key => key.Value.GetInt32());
        var rows = Rows(input, promptLength, hparams.TryGetProperty("encoder_input_ids", out var source) ? Lists(source) : null);
        return ([Filter(processor, hparams, rows)], rows);
    }

    static TokenHistory[] Rows(JsonElement json, int promptLength, int[][]? sources = null)
    {
        return [.. GoldenModels.Rows(json).Select(Row)];

        TokenHistory Row(int[] tokens, int row)
        {
            var history = new TokenHistory(sources?[row] ?? tokens, tokens[..promptLength]);
            foreach (var token in tokens[promptLength..])
                history.Add(token);
            return history;
        }
    }

    static ILogitsFilter Filter(string processor, JsonElement hparams, IReadOnlyList<TokenHistory> rows)
    {
        var keep = hparams.TryGetProperty("min_tokens_to_keep", out var least) ? least.GetInt32() : 1;
        return processor switch
        {
            "TemperatureLogitsWarper" => new TemperatureFilter(Number("temperature")),
            "TopKLogitsWarper" => new TopKFilter(Whole("top_k"), keep),
            "TopPLogitsWarper" => new TopPFilter(Number("top_p"), keep),
            "MinPLogitsWarper" => new MinPFilter(Number("min_p"), keep),
            "TypicalLogitsWarper" => new TypicalFilter(Number("typical_p"), keep),
            "EpsilonLogitsWarper" => new CutoffFilter(Number("epsilon"), minTokensToKeep: keep),
            "EtaLogitsWarper" => new CutoffFilter(Number("epsilon"), adaptive: true, keep),
            "TopHLogitsWarper" => new TopHFilter(Number("top_h")),
            "RepetitionPenaltyLogitsProcessor" => new RepetitionPenaltyFilter(
                Number("repetition_penalty"), hparams.TryGetProperty("prompt_ignore_length", out _) ? TokenSpan.Response : TokenSpan.All),
            "EncoderRepetitionPenaltyLogitsProcessor" => new RepetitionPenaltyFilter(
                1 / Number("encoder_repetition_penalty"), TokenSpan.Source),
            "NoRepeatNGramLogitsProcessor" => new NoRepeatNGramFilter(Whole("no_repeat_ngram_size")),
            "EncoderNoRepeatNGramLogitsProcessor" => new NoRepeatNGramFilter(Whole("encoder_no_repeat_ngram_size"), TokenSpan.Source),
            "NoBadWordsLogitsProcessor" => SequenceBiasFilter.BadWords(Lists(hparams.GetProperty("bad_words_ids")), List("eos_token_id")),
            "SequenceBiasLogitsProcessor" => new SequenceBiasFilter([.. hparams.GetProperty("sequence_bias").EnumerateArray()
                .Select(bias => (GoldenModels.Ids(bias.GetProperty("tokens")), bias.GetProperty("bias").GetDouble()))]),
            "SuppressTokensLogitsProcessor" => new SuppressTokensFilter(List("suppress_tokens")),
            "SuppressTokensAtBeginLogitsProcessor" => new SuppressTokensFilter(List("begin_suppress_tokens"), Whole("begin_index")),
            "ForcedBOSTokenLogitsProcessor" => new ForcedTokenFilter(List("forced_bos_token_id"), position: 1),
            "ForcedEOSTokenLogitsProcessor" => new ForcedTokenFilter(List("forced_eos_token_id"), Whole("max_length") - 1),
            "MinLengthLogitsProcessor" => new MinNewTokensFilter(Whole("min_length"), List("eos_token_id")),
            "MinNewTokensLengthLogitsProcessor" => new MinNewTokensFilter(Whole("min_new_tokens"), List("eos_token_id")),
            "ExponentialDecayLengthPenalty" => new LengthDecayFilter(Whole("start"), Number("factor"), List("eos_token_id")),
            "LogitNormalization" => new NormalizeFilter(),
            "InfNanRemoveLogitsProcessor" => new FiniteFilter(),
            "PrefixConstrainedLogitsProcessor" => new AllowedTokensFilter(
                row => GoldenModels.Ids(hparams.GetProperty("allowed_by_batch_row").GetProperty($"{rows.ToList().IndexOf(row)}"))),
            "ClassifierFreeGuidanceLogitsProcessor" => new GuidanceOfHalves(Number("guidance_scale")),
            "transcription" => new FrequencyPenaltyFilter(Number("frequency_penalty"), Number("presence_penalty")),
            _ => throw new NotSupportedException($"no filter for {processor}"),
        };

        double Number(string key) => GoldenTensor.Number(hparams.GetProperty(key));
        int Whole(string key) => hparams.GetProperty(key).GetInt32();
        int[] List(string key) => GoldenModels.Ids(hparams.GetProperty(key));
    }

    /// <summary>Steps such as <c>name number</c> and <c>min_new_tokens 4 (prompt 7, eos 2)</c>.</summary>
    static (IReadOnlyList<ILogitsFilter> Filters, IReadOnlyList<TokenHistory> Rows) Chain(JsonElement input, string[] order)
    {
        var steps = order.Select(step => step.Split([' ', ',', '(', ')'], StringSplitOptions.RemoveEmptyEntries)).ToList();
        return ([.. steps.Select(Step)], Rows(input, steps.Max(words => words.Contains("prompt") ? After(words, "prompt") : 0)));

        static int After(string[] words, string word) => int.Parse(words[Array.IndexOf(words, word) + 1], CultureInfo.InvariantCulture);

        static ILogitsFilter Step(string[] words)
        {
            var number = double.Parse(words[1], CultureInfo.InvariantCulture);
            return words[0] switch
            {
                "repetition_penalty" => new RepetitionPenaltyFilter(number),
                "no_repeat_ngram" => new NoRepeatNGramFilter((int)number),
                "min_new_tokens" => new MinNewTokensFilter((int)number, [After(words, "eos")]),
                "temperature" => new TemperatureFilter(number),
                "top_k" => new TopKFilter((int)number),
                "top_p" => new TopPFilter(number),
                "min_p" => new MinPFilter(number),
                "typical_p" => new TypicalFilter(number),
                _ => throw new NotSupportedException($"no filter for {words[0]}"),
            };
        }
    }

    /// <summary>One set of scores (B, V), or several concatenated ones, <c>a+b</c>.</summary>
    static Tensor Scores(string sets) => Tensor.Concatenate(0, [.. sets.Split('+').Select(set =>
    {
        var tensor = GoldenTensor.Read(File.Value.GetProperty("inputs").GetProperty("scores").GetProperty(set));
        return Tensor.From(tensor.Floats, tensor.Shape);
    })]);

    static int[][] Lists(JsonElement json) => [.. json.EnumerateArray().Select(GoldenModels.Ids)];

    static IEnumerable<string> Texts(JsonElement json) => json.EnumerateArray().Select(text => text.GetString()!);

    /// <summary>Guidance of logits (2B, V): the conditional ones, then the unconditional ones.</summary>
    sealed class GuidanceOfHalves(double scale) : ILogitsFilter
    {
        public Tensor Apply(Tensor logits, LogitsContext context) =>
            GuidanceFilter.Combine(logits.Slice(0, 0, logits.Size(0) / 2), logits.Slice(0, logits.Size(0) / 2), scale);
    }
}
