using System.Text.Json.Nodes;
using Attune.Testing;

namespace Attune.Cli.Tests;

/// <summary>What the program says and with which exit code.</summary>
public sealed class CommandTests
{
    [Fact]
    public void HelpFitsOnOneScreenAndNamesEveryCommand()
    {
        var (code, output, _) = Commands.Run("--help");
        Assert.Equal(0, code);
        Assert.InRange(output.Split('\n').Length, 10, 30);
        foreach (var command in new[] { "quickstart", "pretrain", "sft", "reward", "ppo", "train", "studio", "feedback", "study", "generate", "score", "evaluate", "data", "recipe", "bench", "doctor" })
        {
            Assert.Contains($"  {command}", output, StringComparison.Ordinal);
            Assert.Contains("Example:", Commands.Run(command, "--help").Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void DoctorSaysWhatTheMachineOffers()
    {
        var (code, output, _) = Commands.Run("doctor");
        Assert.Equal(0, code);
        foreach (var line in new[] { "libtorch", "devices", "threads", "GFLOP/s", "memory", "operators  all there" })
            Assert.Contains(line, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ppo")]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("generate")]
    public void ABenchmarkIsOneLineWithTheFloorBesideTheTime(string job)
    {
        var (code, output, error) = Commands.Run("bench", job, "--preset", "T", "--steps", "2", "--profile");
        Assert.Equal(0, code);
        var figures = JsonNode.Parse(Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)))!;
        Assert.Equal(2, (int)figures["steps"]!);
        Assert.True((double)figures["seconds_per_step"]! > (double)figures["floor_seconds"]!, output);
        Assert.True((double)figures["floor_seconds"]! > 0, output);
        Assert.Equal(job == "ppo", figures["phases"]!.AsObject().Count == 3);
        Assert.Contains("aten::addmm", error, StringComparison.Ordinal);
    }

    [Fact]
    public void AllMistakesInARecipeAreSaidAtOnceWithTheNearestNames()
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
    public void DamagedDataIsNamedByFileAndLineAndLeavesNoRun(string text, string expected)
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
    public void ARecipeIsPrintedWithEveryKeyExplained()
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
