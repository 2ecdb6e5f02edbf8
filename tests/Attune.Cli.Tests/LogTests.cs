using Attune.Testing.Models;

namespace Attune.Cli.Tests;

/// <summary>The option <c>--log</c> of commands that train.</summary>
public sealed class LogTests : ModelFolderTests
{
    [Theory]
    [InlineData("information", true, false)]
    [InlineData("debug", true, true)]
    [InlineData("warning", false, false)]
    public void Train_LogLevel_SelectsTheLinesOfStandardError(string level, bool hasEvents, bool hasSteps)
    {
        var (code, output, error) = Commands.Run([.. Pretrain(), "--log", level]);
        Assert.Equal(0, code);
        Assert.Contains("done in", output);
        Assert.Equal(hasEvents, error.Contains("info: Attune.Training.Runs.Run[1] run: started, step 0 of 1", StringComparison.Ordinal));
        Assert.Equal(hasEvents, error.Contains("info: Attune.Training.Runs.Run[5] run: checkpoint after step 1", StringComparison.Ordinal));
        Assert.Equal(hasSteps, error.Contains("dbug: Attune.Training.Runs.Run[3] run: step 1 of 1", StringComparison.Ordinal));
        Assert.All(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^[0-9-]{10} [0-9:]{8} ", line));
    }

    [Fact]
    public void Train_WithoutTheOption_LogsNothing()
    {
        var (code, _, error) = Commands.Run(Pretrain());
        Assert.Equal((0, ""), (code, error));
    }

    string[] Pretrain() => [.. Train("pretrain", model, TinyData.Documents(folder)), "training.steps=1", "batchSize=2"];
}
