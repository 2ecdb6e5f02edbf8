using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Parameters;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Tests;

/// <summary>A tiny language model, a tiny reward model and tiny data in a temporary folder, and recipes over them.</summary>
public sealed class TinyFolders : IDisposable
{
    readonly TemporaryFolder folder = new();

    public TinyFolders()
    {
        (LanguageModel, RewardModel) = (folder.File("lm"), folder.File("rm"));
        using var random = new RandomSource(1);
        ModelFolder.Save(LanguageModel, Pretrained.NewLanguageModel(Config(), random), TinyData.Tokenizer);
        ModelFolder.Save(RewardModel, Pretrained.NewRewardModel(Config(), random), TinyData.Tokenizer);
        (Demonstrations, Comparisons, Prompts) = (TinyData.Demonstrations(folder), TinyData.Rankings(folder), TinyData.Prompts(folder));
        Steps = TinyData.Steps(folder);
        Triples = TinyData.Triples(folder);
    }

    public string LanguageModel { get; }

    public string RewardModel { get; }

    public string Demonstrations { get; }

    public string Comparisons { get; }

    public string Triples { get; }

    public string Prompts { get; }

    public string Steps { get; }

    public string PathTo(string name) => folder.File(name);

    public string Write(string name, string content) => folder.Write(name, content);

    public RunOptions Run(string output, int checkpointEvery = 0) =>
        new() { Output = folder.File(output), CheckpointEvery = checkpointEvery, Device = "cpu", Seed = 5 };

    public static BatchOptions Batches(int steps = 2) => new() { BatchSize = 4, Steps = steps };

    /// <summary>A recipe of a method that takes a reward, without one.</summary>
    public PolicyRecipe OnPolicy(string method, string output, int steps = 2, int checkpointEvery = 0) =>
        NewRecipe(method) with
        {
            Run = Run(output, checkpointEvery), Training = Batches(steps), Data = new() { Train = Prompts },
            Sampling = new() { MaxNewTokens = 6 }, Optimizer = new() { LearningRate = 1e-3 },
        };

    static PolicyRecipe NewRecipe(string method) => method switch
    {
        "rft" => new RftRecipe { Rft = new() { SamplesPerPrompt = 4, PromptsPerRound = 4 } },
        "grpo" => new GrpoRecipe { Updates = new() { SamplesPerPrompt = 2 } },
        _ => (PolicyRecipe)MethodCatalog.Find(method)!.NewRecipe(),
    };

    public void Dispose() => folder.Dispose();

    static JsonObject Config() =>
        new ModelShape { Family = "gpt2", Layers = 1, Width = 32, Heads = 2, Context = 48 }.ToConfig(
            TinyData.Tokenizer.VocabularySize, TinyData.Tokenizer.BosId, TinyData.Tokenizer.EosId, TinyData.Tokenizer.PadId);
}
