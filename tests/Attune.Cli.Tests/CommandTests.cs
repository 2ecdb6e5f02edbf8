using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Cli.Tests;

/// <summary>Output and exit codes of the program.</summary>
public sealed class CommandTests
{
    [Fact]
    public void Help_FitsOnOneScreenAndNamesEveryCommand()
    {
        var (code, output, _) = Commands.Run("--help");
        Assert.Equal(0, code);
        Assert.InRange(output.Split('\n').Length, 10, 30);
        string[] commands =
        [
            "quickstart", "pretrain", "sft", "reward", "dpo", "ppo", "grpo", "train", "studio", "feedback", "study", "generate", "score",
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
        Assert.Equal(job == "ppo", results["phases"]!.AsObject().Count == 3);
        Assert.Contains("aten::addmm", error, StringComparison.Ordinal);
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
        var (code, output, error) = Commands.Run("sft", "model=m", "data.train=d.jsonl", "sft.labelSmoothing=7");
        Assert.Equal(2, code);
        Assert.Equal("attune: the recipe cannot be used:\n  `sft.labelSmoothing` must be at least 0 and below 1 (was 7).\n", error);
        Assert.Empty(output);
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
