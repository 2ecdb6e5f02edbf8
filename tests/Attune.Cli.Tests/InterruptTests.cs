using System.Diagnostics;
using System.Globalization;
using Attune.Testing;

namespace Attune.Cli.Tests;

/// <summary>Ctrl-C and SIGTERM while a reward does not answer.</summary>
public sealed class InterruptTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("INT", 1)]
    [InlineData("INT", 2)]
    [InlineData("TERM", 1)]
    public void Ppo_SignalsWhileARewardIsSilent_EndsPromptlyWithTheRewardsProcess(string name, int signals)
    {
        var run = folder.File("ppo");
        using var process = Commands.Start(
            "ppo", $"model={Model()}", $"data.train={Lines("prompts", 8)}", $"run.output={run}", "sampling.maxNewTokens=4",
            "data.heldOutShare=0", "training.batchSize=4",
            $"rewards=[{{kind: process, folder: {folder.Path}, command: 'echo $$ > pid; exec sleep 600'}}]");
        var child = Wait(() => File.Exists(folder.File("pid")) ? File.ReadAllText(folder.File("pid")).Trim() : "");
        for (var signal = 0; signal < signals; signal++)
        {
            Process.Start("kill", [$"-{name}", process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExit();
            Thread.Sleep(200);
        }
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)), "the run did not end");
        Assert.Equal("gone", Wait(() => IsRunning(child) ? "" : "gone"));
        if (signals == 1)
        {
            Assert.Equal(130, process.ExitCode);
            Assert.True(Directory.Exists(Path.Combine(run, "checkpoints")));
        }
    }

    string Model()
    {
        var (code, _, error) = Commands.Run(
            "pretrain", $"data.train={Lines("corpus", 20)}", "tokenizer.vocabularySize=300", "newModel.layers=1", "newModel.width=16",
            "newModel.heads=2", "training.steps=1", $"run.output={folder.File("pretrain")}");
        Assert.True(code == 0, error);
        return folder.File("pretrain/model");
    }

    string Lines(string name, int count) => folder.Write(
        $"{name}.jsonl", string.Join('\n', File.ReadLines(Repository.PathTo("data", "frontdesk", $"{name}.jsonl")).Take(count)));

    /// <summary>The first text that is not empty.</summary>
    static string Wait(Func<string> read)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(60))
        {
            if (read() is { Length: > 0 } text)
                return text;
            Thread.Sleep(20);
        }
        throw new TimeoutException();
    }

    /// <summary>Whether a process runs; one that has ended may stay as a zombie.</summary>
    static bool IsRunning(string id) =>
        File.Exists($"/proc/{id}/stat") && File.ReadAllText($"/proc/{id}/stat").Split(") ")[1][0] != 'Z';
}
