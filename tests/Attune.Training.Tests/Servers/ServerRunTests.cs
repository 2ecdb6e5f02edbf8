using Attune.Training.Estimation;
using Attune.Training.Recipes;
using Attune.Training.Servers;

namespace Attune.Training.Tests.Servers;

/// <summary>Runs whose responses come from servers.</summary>
public sealed class ServerRunTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData("ppo", RolloutProtocol.Openai, 0)]
    [InlineData("ppo", RolloutProtocol.Sglang, 0)]
    [InlineData("grpo", RolloutProtocol.Openai, 4)]
    [InlineData("rloo", RolloutProtocol.Sglang, 4)]
    [InlineData("reinforce", RolloutProtocol.Sglang, 0)]
    [InlineData("a2c", RolloutProtocol.Openai, 4)]
    [InlineData("trpo", RolloutProtocol.Sglang, 0)]
    [InlineData("nash-md", RolloutProtocol.Openai, 0)]
    [InlineData("xpo", RolloutProtocol.Sglang, 0)]
    [InlineData("online-dpo", RolloutProtocol.Openai, 0)]
    [InlineData("minillm", RolloutProtocol.Sglang, 0)]
    public void Run_OnAServer_SamplesWithTheWeightsOfThePolicy(string method, RolloutProtocol protocol, int rank)
    {
        using var server = new ModelServer(runs.LanguageModel);
        var display = new RecordingDisplay();
        var recipe = Recipe(method, [server], new() { Protocol = protocol }, rank, steps: 3);
        var folder = runs.Start(method, recipe, display);
        Assert.True(folder.IsFinished);
        Assert.Equal(3, display.Steps.Count);
        Assert.Equal(3, server.Loads);
        Assert.All(display.Steps, step => Assert.InRange(step["rollout/logprob_gap_max"], 0, 1e-4));
        Assert.All(display.Steps, step => Assert.Equal(0, step["rollout/stale_tokens"]));
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "rollout")));
    }

    /// <summary>Recipes of a test, on servers.</summary>
    OnPolicyRecipe Recipe(string method, IEnumerable<ModelServer> servers, RolloutOptions options, int rank = 0, int steps = 3)
    {
        var recipe = (OnPolicyRecipe)runs.Recipe(method, method, steps);
        return recipe with
        {
            Parameters = new() { Lora = new() { Rank = rank } },
            Rollout = options with
            {
                Engine = RolloutEngine.Server,
                Servers = [.. servers.Select(server => server.Url)],
                Correction = method is "xpo" or "online-dpo" ? ImportanceCorrection.None : options.Correction,
                Backoff = 0.01,
            },
        };
    }
}
