using System.Text.Json.Nodes;
using Attune.Testing;
using Attune.Training.Recipes;

namespace Attune.Cli.Tests;

/// <summary>Output and exit codes of the program.</summary>
public sealed class CommandTests
{
    [Fact]
    public void Help_FitsOnOneScreenAndNamesEveryCommand()
    {
        var (code, output, _) = Commands.Run("--help");
        Assert.Equal(0, code);
        Assert.InRange(output.Split('\n').Length, 10, 56);
        string[] commands =
        [
            .. MethodCatalog.All.Select(method => method.Name), "quickstart", "train", "studio", "feedback", "study", "generate", "chat",
            "serve", "score",
            "evaluate", "models", "data", "recipe", "bench", "doctor",
        ];
        foreach (var command in commands)
        {
            Assert.Contains($"  {command}", output, StringComparison.Ordinal);
            Assert.Contains("Example:", Commands.Run(command, "--help").Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Doctor_PrintsWhatTheMachineHas()
    {
        var (code, output, _) = Commands.Run("doctor");
        Assert.Equal(0, code);
        foreach (var line in new[] { "libtorch", "devices", "threads", "GFLOP/s", "memory", "operators  all present" })
            Assert.Contains(line, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("generate")]
    public void Bench_PrintsOneLineOfJsonWithTheFloor(string job)
    {
        var (code, output, error) = Commands.Run("bench", job, "--preset", "T", "--steps", "2", "--profile");
        Assert.Equal(0, code);
        var results = JsonNode.Parse(Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)))!;
        Assert.Equal(2, (int)results["steps"]!);
        Assert.True((double)results["seconds_per_step"]! > (double)results["floor_seconds"]!, output);
        Assert.True((double)results["floor_seconds"]! > 0, output);
        Assert.Equal(job is "ppo" or "grpo", results["phases"]!.AsObject().Count == 3);
        Assert.Contains("attune::linear", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Sft_SeveralErrorsInARecipe_ReportsAllWithTheNearestKeys()
    {
        var (code, _, error) = Commands.Run("sft", "optimizer.learningrate=1", "batchSise=4", "run.threads=-1");
        Assert.Equal(2, code);
        Assert.Contains("Did you mean 'optimizer.learningRate'?", error, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'batchSize'?", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Sft_LabelSmoothingOutOfRange_FailsWithOneMessage()
    {
        using var folder = new TemporaryFolder();
        var (code, output, error) = Commands.RunIn(folder.Path, "sft", "model=m", "data.train=d.jsonl", "sft.labelSmoothing=7");
        Assert.Equal(2, code);
        Assert.Equal(
            "attune: the recipe cannot be used:\n  `sft.labelSmoothing` must be at least 0 and below 1 (was 7).\n"
                + $"  `model` must be an existing folder (was m, in {folder.Path}).\n"
                + $"  `data.train` must be an existing file or folder (was d.jsonl, in {folder.Path}).\n",
            error);
        Assert.Empty(output);
    }

    [Fact]
    public void Ppo_PathsThatDoNotExist_AreAllReportedAndLeaveNoFolder()
    {
        using var folder = new TemporaryFolder();
        string[] words =
        [
            "model=/nowhere", "rewardModel=/nowhere/reward", "data.train=/nope.jsonl", "critic.kind=model", "critic.model=/critic",
            "rewards=[{kind: model, name: second, models: [/a, /b]}]", $"run.output={folder.File("run")}", "run.threads=100000",
        ];
        var (code, _, error) = Commands.Run(["ppo", .. words]);
        Assert.Equal(2, code);
        foreach (var key in new[] { "model", "rewardModel", "data.train", "critic.model", "rewards.0.models" })
            Assert.Contains($"  `{key}` must be an existing f", error, StringComparison.Ordinal);
        Assert.Contains("(was /b)", error, StringComparison.Ordinal);
        Assert.Contains($"`run.threads` must be at most {Math.Max(64, 4 * Environment.ProcessorCount)}", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("run")));
    }

    [Fact]
    public void Sft_ModelThatIsNone_LeavesNoFolder()
    {
        using var folder = new TemporaryFolder();
        var data = folder.Write("data.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}\n");
        Directory.CreateDirectory(folder.File("empty"));
        var (code, _, _) = Commands.Run("sft", $"model={folder.File("empty")}", $"data.train={data}", $"run.output={folder.File("run")}");
        Assert.Equal(2, code);
        Assert.False(Directory.Exists(folder.File("run")));
    }

    [Fact]
    public void Sft_OneStep_ChangesTheWeights()
    {
        using var folder = new TemporaryFolder();
        var data = folder.Write("data.jsonl", "{\"prompt\":\"Where?\",\"completion\":\" Here.\"}\n");
        var text = folder.Write("text.jsonl", "{\"text\":\"Where? Here. Where is the pool?\"}\n");
        string[] shape = ["newModel.layers=1", "newModel.width=16", "newModel.heads=2", "tokenizer.vocabularySize=300"];
        var (_, _, error) = Commands.Run(
            ["pretrain", $"data.train={text}", "data.heldOutShare=0", $"run.output={folder.File("base")}", "training.steps=1", .. shape]);
        Assert.Empty(error);
        Assert.Equal(0, Commands.Run(
            "sft", $"model={folder.File("base/model")}", $"data.train={data}", "data.heldOutShare=0",
            $"run.output={folder.File("sft")}").Code);
        Assert.NotEqual(
            File.ReadAllBytes(folder.File("base/model/model.safetensors")), File.ReadAllBytes(folder.File("sft/model/model.safetensors")));
    }

    [Theory]
    [InlineData("{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"prompt\":\"a\",", "line 2")]
    [InlineData("{\"promt\":\"a\",\"completion\":\"b\"}\n", "'prompt'")]
    public void Pretrain_DamagedData_NamesFileAndLineAndStartsNoRun(string text, string expected)
    {
        using var folder = new TemporaryFolder();
        var data = folder.Write("data.jsonl", text);
        var run = folder.File("run");
        var (code, _, error) = Commands.Run("pretrain", $"data.train={data}", $"run.output={run}");
        Assert.Equal(2, code);
        Assert.Contains("data.jsonl", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(run, "recipe.yaml")));
    }

    [Fact]
    public void Recipe_EveryMethod_IsPrintedWithComments()
    {
        foreach (var method in new[] { "pretrain", "sft", "reward", "ppo" })
        {
            var (code, output, _) = Commands.Run("recipe", method);
            Assert.Equal(0, code);
            Assert.Contains($"method: {method}", output, StringComparison.Ordinal);
            Assert.Contains("# The full learning rate", output, StringComparison.Ordinal);
        }
    }
}
