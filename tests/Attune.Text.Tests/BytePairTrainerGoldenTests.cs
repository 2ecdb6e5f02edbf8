using System.Text.Json;
using Attune.Testing;
using Attune.Text.Trainers;

namespace Attune.Text.Tests;

/// <summary>Compares with BpeTrainer of Hugging Face's tokenizers, with the same texts and settings.</summary>
[Trait("Category", "Golden")]
public sealed class BytePairTrainerGoldenTests
{
    public static TheoryData<string> Settings => [.. Golden.Names("bpe-training", name => name != "corpus")];

    [Theory]
    [MemberData(nameof(Settings))]
    public void TrainingGivesTheVocabularyAndTheMergesOfTheLibrary(string name)
    {
        var corpus = Golden.Json("bpe-training", "corpus.json").EnumerateArray().Select(text => text.GetString()!);
        var golden = Golden.Json("bpe-training", name + ".json");
        using var folder = new TemporaryFolder();
        BytePairTrainer.Train(corpus, OptionsOf(golden.GetProperty("config"))).Save(folder.Path);

        var model = JsonElement.Parse(File.ReadAllText(folder.File("tokenizer.json"))).GetProperty("model");
        var vocabulary = model.GetProperty("vocab").EnumerateObject().OrderBy(entry => entry.Value.GetInt32()).Select(entry => entry.Name);
        var merges = model.GetProperty("merges").EnumerateArray().Select(merge => $"{merge[0].GetString()} {merge[1].GetString()}");
        Golden.Equal(golden.GetProperty("vocab_in_id_order").EnumerateArray().Select(token => token.GetString()), vocabulary, "vocabulary");
        Golden.Equal(golden.GetProperty("merges").EnumerateArray().Select(MergeText), merges, "merges");
        Golden.Ran("bpe-training");
    }

    static string MergeText(JsonElement merge) =>
        merge.ValueKind == JsonValueKind.Array ? $"{merge[0].GetString()} {merge[1].GetString()}" : merge.GetString()!;

    static BytePairTrainingOptions OptionsOf(JsonElement config) => new()
    {
        VocabularySize = config.GetProperty("vocab_size").GetInt32(),
        MinFrequency = config.GetProperty("min_frequency").GetInt32(),
        SpecialTokens = [.. config.GetProperty("special_tokens").EnumerateArray().Select(token => token.GetString()!)],
        MaxTokenLength = Setting(config, "max_token_length")?.GetInt32(),
        Split = Setting(config, "split")?.GetString(),
        AddPrefixSpace = Setting(config, "add_prefix_space")?.GetBoolean() ?? false,
        InitialAlphabet = Setting(config, "initial_alphabet")?.GetBoolean() ?? true,
        BosToken = null,
        EosToken = null,
        PadToken = null,
    };

    static JsonElement? Setting(JsonElement config, string name) =>
        config.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
