using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;

namespace Attune.Cli.Tests;

/// <summary>Tests with the folders of a tiny language model and a tiny reward model.</summary>
public abstract class ModelFolderTests : IDisposable
{
    private protected readonly TemporaryFolder folder = new();
    private protected readonly string model;
    private protected readonly string rewardModel;

    protected ModelFolderTests()
    {
        (model, rewardModel) = (folder.File("lm"), folder.File("rm"));
        using var random = new RandomSource(1);
        var shape = new ModelShape { Family = "llama", Layers = 1, Width = 32, Heads = 2, Context = 48 };
        var tokenizer = TinyData.Tokenizer;
        var config = shape.ToConfig(tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);
        ModelFolder.Save(model, Pretrained.NewLanguageModel(config, random), tokenizer);
        ModelFolder.Save(rewardModel, Pretrained.NewRewardModel(config, random), tokenizer);
    }

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected string[] Train(string method, string model, string data) =>
        [method, $"model={model}", $"data.train={data}", $"run.output={folder.File("run")}"];
}
