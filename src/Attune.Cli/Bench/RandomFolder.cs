using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Torch;

namespace Attune.Cli.Bench;

/// <summary>A temporary folder with models of random weights, their tokenizer, and texts of random words of one token each.</summary>
sealed class RandomFolder(BenchmarkPreset preset, int seed) : IDisposable
{
    const string End = "</s>";

    readonly string path = Directory.CreateTempSubdirectory("attune-bench-").FullName;
    readonly Random words = new(seed);

    public string Run => Path.Combine(path, "run");

    public string LanguageModel()
    {
        using var random = new RandomSource((ulong)seed);
        var model = Pretrained.NewLanguageModel(Config, random);
        Pretrained.Save(Folder("policy"), model);
        model.Free();
        return Folder("policy");
    }

    public string RewardModel()
    {
        using var random = new RandomSource((ulong)seed + 1);
        var model = Pretrained.NewRewardModel(Config, random);
        Pretrained.Save(Folder("reward"), model);
        model.Free();
        return Folder("reward");
    }

    /// <summary>Writes a file of rows with texts of the given numbers of words.</summary>
    public string Rows(int count, params (string Key, int Words)[] texts)
    {
        var file = Path.Combine(path, "rows.jsonl");
        File.WriteAllLines(file, Enumerable.Range(0, count).Select(_ =>
            new JsonObject(texts.Select(text => KeyValuePair.Create<string, JsonNode?>(text.Key, Text(text.Words)))).ToJsonString()));
        return file;
    }

    public void Dispose() => Directory.Delete(path, recursive: true);

    JsonObject Config => preset.Shape.ToConfig(preset.Vocabulary, bos: 0, eos: 0, pad: 0);

    string Text(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => Word(words.Next(1, preset.Vocabulary))));

    static string Word(int id) => $"w{id}";

    string Folder(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(path, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), TokenizerJson().ToJsonString());
        var config = new JsonObject { ["eos_token"] = End, ["pad_token"] = End };
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config.ToJsonString());
        return folder;
    }

    JsonObject TokenizerJson() => new()
    {
        ["version"] = "1.0",
        ["added_tokens"] = new JsonArray(new JsonObject
        {
            ["id"] = 0,
            ["content"] = End,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = true,
        }),
        ["normalizer"] = null,
        ["pre_tokenizer"] = new JsonObject { ["type"] = "WhitespaceSplit" },
        ["post_processor"] = null,
        ["decoder"] = null,
        ["model"] = new JsonObject
        {
            ["type"] = "WordLevel",
            ["vocab"] = new JsonObject(Enumerable.Range(0, preset.Vocabulary).Select(id =>
                KeyValuePair.Create<string, JsonNode?>(id == 0 ? End : Word(id), id))),
            ["unk_token"] = End,
        },
    };
}
