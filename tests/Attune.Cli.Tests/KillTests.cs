using Attune.Testing;

namespace Attune.Cli.Tests;

/// <summary>Each stage is killed (kill -9) at a random step and resumed: the weights are those of a run without interruption.</summary>
public sealed class KillTests : IDisposable
{
    const int Steps = 24;

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryStage_KilledAndResumed_EndsWithTheSameBits()
    {
        var model = Stage(
            "pretrain", $"data.train={Lines("corpus", 80)}", "tokenizer.vocabularySize=320", "newModel.family=llama", "newModel.layers=1",
            "newModel.width=32", "newModel.heads=2", "newModel.context=320");
        var tuned = Stage("sft", $"model={model}", $"data.train={Lines("demonstrations", 60)}");
        var reward = Stage("reward", $"model={tuned}", $"data.train={Lines("rankings", 30)}");
        Stage(
            "ppo", $"model={tuned}", $"rewardModel={reward}", $"data.train={Lines("prompts", 60)}", "sampling.maxNewTokens=8",
            "training.batchSize=8");
    }

    /// <summary>Trains without interruption, and again in a process that is killed and resumed; returns the model.</summary>
    string Stage(string method, params string[] words)
    {
        string[] all = [method, .. words, $"training.steps={Steps}", "run.checkpointEvery=6", "run.device=cpu", "run.threads=1"];
        var (whole, killed) = (folder.File($"{method}-whole"), folder.File($"{method}-killed"));
        var (code, _, error) = Commands.Run([.. all, $"run.output={whole}"]);
        Assert.True(code == 0, error);

        var moment = Random.Shared.Next(1, Steps - 5);
        using (var process = Commands.Start([.. all, $"run.output={killed}"]))
        {
            while (!process.HasExited && LinesOf(Path.Combine(killed, "metrics.jsonl")) < moment)
                Thread.Sleep(2);
            process.Kill();
            process.WaitForExit();
            Assert.NotEqual(0, process.ExitCode);
        }
        (code, _, error) = Commands.Run("train", killed);
        Assert.True(code == 0, error);
        Assert.True(
            File.ReadAllBytes(Weights(whole)).AsSpan().SequenceEqual(File.ReadAllBytes(Weights(killed))),
            $"{method}, killed when {moment} lines were logged, ended with other weights");
        return Path.Combine(whole, "model");
    }

    static string Weights(string run) => Path.Combine(run, "model", "model.safetensors");

    static int LinesOf(string path)
    {
        if (!File.Exists(path))
            return 0;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Count(letter => letter == '\n');
    }

    string Lines(string name, int count)
    {
        var path = folder.File(name + ".jsonl");
        File.WriteAllLines(path, File.ReadLines(Repository.PathTo("data", "frontdesk", name + ".jsonl")).Take(count));
        return path;
    }
}
