using Attune.Data;
using Attune.Generation;
using Attune.Models;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Runs;
using Attune.Training.Servers;

namespace Attune.Training.Tests.Servers;

/// <summary>A small model, a server with the same model, and a generator that gets its responses from the server.</summary>
public abstract class ServerTests : IDisposable
{
    private protected static readonly TokenPrompt[] Prompts = [new([5, 6, 7], ""), new([8, 9], ""), new([10], ""), new([11, 12], "")];

    private protected readonly TinyRuns runs = new();
    private protected readonly LanguageModel model;
    private protected readonly RecordingDisplay display = new();
    private protected readonly Run run;
    private protected readonly ModelServer server;

    protected ServerTests()
    {
        model = ModelFolder.LoadLanguageModel(runs.Teacher, Device.Cpu);
        run = new(new() { Output = runs.PathTo("run"), Device = "cpu", Seed = 5 }, display);
        server = new(runs.Teacher);
    }

    public void Dispose()
    {
        server.Dispose();
        run.Dispose();
        runs.Dispose();
        GC.SuppressFinalize(this);
    }

    public static TheoryData<RolloutProtocol> Protocols => [RolloutProtocol.Openai, RolloutProtocol.Sglang];

    /// <summary>Options with short pauses between retries.</summary>
    protected static RolloutOptions Quick => new() { Timeout = 20, Backoff = 0.02, Retries = 4 };

    private protected ServerGenerator Connect(RolloutProtocol protocol = RolloutProtocol.Openai, RolloutOptions? options = null)
    {
        options ??= new();
        options = options with { Engine = RolloutEngine.Server, Protocol = protocol };
        return ServerGenerator.Connect(
            options.Servers.Count > 0 ? options : options with { Servers = [server.Url] }, model, runs.Teacher, TinyData.Tokenizer,
            TrainedParameters.Select(model, new(), seed: 1), run, CancellationToken.None);
    }

    private protected IReadOnlyList<Response> Sample(ServerGenerator generator) => generator.Generate(
        [.. Prompts.Select(prompt => prompt.Tokens)], new() { MaxNewTokens = 6 }, run.Random, samples: 2);

    private protected IReadOnlyList<Response> Greedily(RolloutOptions options, RolloutProtocol protocol = RolloutProtocol.Openai)
    {
        using var generator = Connect(protocol, options with { Backoff = 0.02 });
        return generator.Generate([.. Prompts.Select(prompt => prompt.Tokens)], new() { MaxNewTokens = 8, Temperature = 0 }, run.Random);
    }
}
