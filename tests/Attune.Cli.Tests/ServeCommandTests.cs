using System.Diagnostics;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;

namespace Attune.Cli.Tests;

public sealed class ServeCommandTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public ServeCommandTests()
    {
        using var random = new RandomSource(1);
        var config = new ModelShape { Family = "gpt2", Layers = 1, Width = 32, Heads = 2, Context = 64 }.ToConfig(
            TinyData.Tokenizer.VocabularySize, TinyData.Tokenizer.BosId, TinyData.Tokenizer.EosId, TinyData.Tokenizer.PadId);
        ModelFolder.Save(folder.File("model"), Pretrained.NewLanguageModel(config, random), TinyData.Tokenizer);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Serve_Sigterm_AnswersUntilThenAndExitsWithZero()
    {
        var start = new ProcessStartInfo("dotnet")
        {
            UseShellExecute = false, RedirectStandardOutput = true, WorkingDirectory = folder.Path,
        };
        foreach (var word in (string[])[Path.Combine(AppContext.BaseDirectory, "attune.dll"), "serve", $"tiny={folder.File("model")}",
            "--listen", "127.0.0.1:0", "--device", "cpu"])
            start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        var address = (await process.StandardOutput.ReadLineAsync())!.Split(' ')[2];
        using (var client = new HttpClient())
            Assert.Contains("\"tiny\"", await client.GetStringAsync(new Uri($"{address}/models")), StringComparison.Ordinal);
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    [Theory]
    [InlineData("needs API keys", "--listen", "0.0.0.0:0")]
    [InlineData("must be NAME=FOLDER", "--adapter", "x")]
    [InlineData("at least 1 (was 0)", "--max-batch", "0")]
    public void Serve_WrongArguments_IsAnError(string expected, params string[] arguments) =>
        Commands.Fail(expected, ["serve", folder.File("model"), .. arguments]);
}
