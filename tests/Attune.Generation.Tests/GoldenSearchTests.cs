using System.Text.Json;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Generation.Tests;

/// <summary>Compares beam and greedy search, with logits processors, with transformers' <c>generate</c>; ids must be equal.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenSearchTests
{
    static readonly IReadOnlyList<string> Files = Golden.Names("generation", name => name.StartsWith("search_", StringComparison.Ordinal));

    public static TheoryData<string, int, string> Cases =>
        [.. from file in Files
            where GoldenModels.IsKnown(Model(file))
            from item in Read(file).GetProperty("cases").EnumerateArray().Index()
            select (file, item.Index, item.Item.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnswersAgree(string file, int index, string name)
    {
        var inputs = Read(file).GetProperty("inputs");
        var item = Read(file).GetProperty("cases")[index];
        var model = Pretrained.LoadLanguageModel(Golden.PathTo("models", Model(file)));
        var begun = GoldenModels.Begun(model, inputs);
        var call = new Call(item.GetProperty("kwargs"), begun, Golden.Json("models", Model(file), "generation_config.json"));
        var prompts = GoldenModels.Prompts(inputs);
        var expected = item.GetProperty("expected");

        var responses = call.Beams is { } beams ? Search(model, call, beams, prompts, expected, name) : Greedy(model, call, prompts);

        int[] fill = expected.GetProperty("fill_value").GetInt32() is >= 0 and var value ? [value] : call.EosIds;
        var sequences = GoldenModels.Rows(expected.GetProperty("sequences"));
        Assert.Equal(sequences.Length, responses.Count);
        foreach (var (row, response) in sequences.Zip(responses))
        {
            Golden.Equal(row[begun..].Take(response.Length), response, name);
            Assert.All(row[(begun + response.Length)..], token => Assert.Contains(token, fill));
        }
        Golden.Ran($"generation: {(call.Beams is null ? "greedy search" : "beam search")} of {Model(file)}");
    }

    [Fact]
    [Trait("Compares", "Nothing")]
    public void CasesOfFamiliesThatAreNotReadAreCounted()
    {
        foreach (var file in Files.Where(file => !GoldenModels.IsKnown(Model(file))))
            Golden.Ran(
                $"generation: not compared, the family of {Model(file)} is not supported",
                Read(file).GetProperty("cases").GetArrayLength());
    }

    static IReadOnlyList<int[]> Search(
        LanguageModel model, Call call, BeamOptions beams, int[][] prompts, JsonElement expected, string name)
    {
        var found = new BeamSearch(model, padId: 0, call.EosIds).Search(prompts, beams, call.Sampling);
        var scores = GoldenTensor.Read(expected.GetProperty("sequences_scores")).Data;
        Golden.Close(scores, found.Select(response => response.Score).ToArray(), name, Tolerance.Loss);
        return [.. found.Select(response => response.Tokens)];
    }

    static IReadOnlyList<int[]> Greedy(LanguageModel model, Call call, int[][] prompts)
    {
        using var random = new RandomSource(0);
        var generator = new TextGenerator(model, padId: 0, call.EosIds);
        return [.. generator.Generate(prompts, call.Sampling, random).Select(response => response.Tokens)];
    }

    static JsonElement Read(string file) => Golden.Json("generation", $"{file}.json");

    /// <summary>The checkpoint's folder in models/.</summary>
    static string Model(string file) => Path.GetFileName(Read(file).GetProperty("model").GetString()!);

    /// <summary>
    /// Converts the arguments of a call of <c>generate</c> to options; throws for an unknown one. A call without an end-of-sequence token
    /// has the checkpoint's, as its results show.
    /// </summary>
    sealed class Call
    {
        public Call(JsonElement words, int begun, JsonElement checkpoint)
        {
            var own = words.GetProperty("eos_token_id");
            EosIds = GoldenModels.Ids(own.ValueKind == JsonValueKind.Null ? checkpoint.GetProperty("eos_token_id") : own);
            foreach (var word in words.EnumerateObject())
                Read(word.Name, word.Value, begun);
        }

        public SamplingOptions Sampling { get; private set; } = new() { Temperature = 0 };

        public BeamOptions? Beams { get; private set; }

        public int[] EosIds { get; }

        void Read(string word, JsonElement value, int begun)
        {
            switch (word)
            {
                case "max_new_tokens": Sampling = Sampling with { MaxNewTokens = value.GetInt32() }; break;
                case "max_length": Sampling = Sampling with { MaxNewTokens = value.GetInt32() - begun }; break;
                case "min_new_tokens": Sampling = Sampling with { MinNewTokens = value.GetInt32() }; break;
                case "min_length": Sampling = Sampling with { MinNewTokens = Math.Max(0, value.GetInt32() - begun) }; break;
                case "repetition_penalty": Sampling = Sampling with { RepetitionPenalty = value.GetDouble() }; break;
                case "no_repeat_ngram_size": Sampling = Sampling with { NoRepeatNgramSize = value.GetInt32() }; break;
                case "suppress_tokens": Sampling = Sampling with { SuppressTokens = GoldenModels.Ids(value) }; break;
                case "bad_words_ids":
                    Sampling = Sampling with { BadWordsIds = [.. value.EnumerateArray().Select(GoldenModels.Ids)] };
                    break;
                case "num_beams": Beams = (Beams ?? new()) with { Beams = value.GetInt32() }; break;
                case "num_return_sequences": Beams = (Beams ?? new()) with { Answers = value.GetInt32() }; break;
                case "length_penalty": Beams = (Beams ?? new()) with { LengthPenalty = value.GetDouble() }; break;
                case "early_stopping":
                    Beams = (Beams ?? new()) with { EarlyStopping = Enum.Parse<EarlyStopping>(value.ToString(), ignoreCase: true) };
                    break;
                case "forced_eos_token_id": Sampling = Sampling with { ForcedEosTokenId = value.GetInt32() }; break;
                case "eos_token_id" or "pad_token_id": break;
                default: throw new NotSupportedException($"no option for {word}");
            }
        }
    }
}
