using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;

namespace Attune.Cli.Tests;

/// <summary>
/// <c>attune models get</c> and <c>attune data get</c> from a server on this machine, and the names that they make known.
/// </summary>
public sealed class HubCommandTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    LocalHub hub = new();

    public HubCommandTests()
    {
        Environment.SetEnvironmentVariable("HF_ENDPOINT", hub.Endpoint.ToString());
        Environment.SetEnvironmentVariable("HF_HOME", folder.File("hf"));
        SaveModel("llama");
        Fill();
    }

    /// <summary>Saves a tiny model, whose settings then name another family with the same tensors.</summary>
    void SaveModel(string family)
    {
        using var random = new RandomSource(1);
        var tokenizer = TinyData.Tokenizer;
        var config = new ModelShape { Family = "llama", Layers = 1, Width = 32, Heads = 2, Context = 128 }.ToConfig(
            tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);
        config["model_type"] = family;
        ModelFolder.Save(folder.File("lm"), Pretrained.NewLanguageModel(config, random), tokenizer);
    }

    void Fill()
    {
        foreach (var file in Directory.EnumerateFiles(folder.File("lm")))
            hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        hub.Files["data/train.jsonl"] = File.ReadAllBytes(TinyData.Demonstrations(folder));
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("HF_ENDPOINT", null);
        Environment.SetEnvironmentVariable("HF_HOME", null);
        hub.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Get_ModelAndData_AreUsedByTheirNames()
    {
        Assert.Contains("`attune models get owner/name`", Commands.Run("generate", "owner/name", "The cat").Error);
        Assert.Contains("`attune models get owner/name@v1`", Commands.Run("models", "show", "owner/name@v1").Error);
        Assert.Contains("`attune models get owner/name`", Commands.Run("sft", "model=owner/name", "data.train=x.jsonl").Error);
        Assert.Contains("`attune data get owner/name`", Commands.Run("data", "inspect", "owner/name", "--model", folder.File("lm")).Error);

        var got = Succeed("models", "get", "owner/name");
        Assert.Equal(folder.File($"hf/hub/models--owner--name/snapshots/{LocalHub.Commit}"), got.Output.TrimEnd());
        Assert.Contains("model.safetensors  ", got.Error);
        Assert.Contains("`model=owner/name`", got.Error);
        Assert.Equal(
            "data.train=owner/name/data/train.jsonl",
            Succeed("data", "get", "owner/name", "data/*").Error.TrimEnd().Split("To read it: ")[1]);

        Assert.Contains("llama", Succeed("models", "show", "owner/name").Output);
        Assert.Equal(
            Succeed("generate", folder.File("lm"), "The cat", "--max-new-tokens", "4").Output,
            Succeed("generate", "owner/name", "The cat", "--max-new-tokens", "4").Output);
        var run = folder.File("run");
        Succeed(
            "sft", "model=owner/name", "data.train=owner/name/data/train.jsonl", "training.steps=1", $"run.output={run}", "run.device=cpu");
        Assert.Contains($"model: \"{got.Output.TrimEnd()}\"", File.ReadAllText(Path.Combine(run, "recipe.yaml")));
        Assert.Contains("llama", Succeed("models", "show", run).Output);
        Succeed("generate", run, "The cat", "--max-new-tokens", "4");
    }

    [Fact]
    public void Get_Offline_PrintsTheCachedFolderOrWhyThereIsNone()
    {
        Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", "1");
        try
        {
            var (code, _, error) = Commands.Run("models", "get", "owner/name");
            Assert.Equal(2, code);
            Assert.Contains("HF_HUB_OFFLINE is set", error);
            Assert.Contains("HF_HUB_OFFLINE is set", Commands.Run("generate", "owner/name", "The cat").Error);
            Assert.Contains("HF_HUB_OFFLINE is set", Commands.Run("data", "inspect", "owner/name").Error);
            Assert.Empty(hub.Requests);
            Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", "0");
            var cached = Succeed("models", "get", "owner/name").Output;
            Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", "yes");
            hub.Requests.Clear();
            Assert.Equal(cached, Succeed("models", "get", "owner/name").Output);
            Assert.Empty(hub.Requests);
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", null);
        }
    }

    [Fact]
    public void Get_FamilyThatIsNotSupported_StopsBeforeTheWeights()
    {
        hub.Files["config.json"] = """{"model_type":"bloom"}"""u8.ToArray();
        var (code, _, error) = Commands.Run("models", "get", "owner/name");
        Assert.Equal(2, code);
        Assert.Contains("config.json of owner/name: models of type 'bloom' are not supported", error);
        Assert.DoesNotContain(hub.Requests, request => request.Contains(LocalHub.Sha256(hub.Files["model.safetensors"])));
    }

    [Fact]
    public void Get_Refused_SaysWhatToDoWithExitCode2()
    {
        hub.Refusal = (401, "GatedRepo");
        var (code, output, error) = Commands.Run("models", "get", "owner/name");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("owner/name is gated: accept its terms at", error);
        Assert.Contains("OWNER/NAME", Commands.Run("models", "get", "a/b/c").Error);
    }

    /// <summary>The commands of the example, with a tiny model in place of the large one and one step in place of many.</summary>
    [Fact]
    public void WorkedExample_CommandsOfTheDocumentation_Run()
    {
        hub.Dispose();
        hub = new() { Id = "Qwen/Qwen2.5-0.5B-Instruct" };
        Environment.SetEnvironmentVariable("HF_ENDPOINT", hub.Endpoint.ToString());
        SaveModel("qwen2");
        Fill();
        var commands = File.ReadAllText(Repository.PathTo("docs", "models.md")).Split("```")[1]
            .Replace("\\\n    ", "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(8, commands.Length);
        foreach (var command in commands)
            Succeed([.. Words(command).Select(Here), .. command.Contains("data.train=", StringComparison.Ordinal) ? Short : []]);

        string Here(string word) => word
            .Replace("data.train=data/", $"data.train={Repository.PathTo("data")}/", StringComparison.Ordinal)
            .Replace("runs/", $"{folder.File("runs")}/", StringComparison.Ordinal);
    }

    static readonly string[] Short = ["training.steps=1", "run.device=cpu", "data.heldOutShare=0.01"];

    /// <summary>The arguments of a command line, of which those with spaces are in double quotes.</summary>
    static IEnumerable<string> Words(string line) => line.Split('"')
        .SelectMany((part, at) => at % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Skip(1);

    static (string Output, string Error) Succeed(params string[] words)
    {
        var (code, output, error) = Commands.Run(words);
        Assert.True(code == 0, error);
        return (output, error);
    }
}
