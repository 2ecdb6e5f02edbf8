using Attune.Models;
using Attune.Training.Estimation;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.Servers;
using Attune.Training.Tests.Rewards;

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

    [Theory]
    [InlineData("ppo", 1)]
    [InlineData("grpo", 2)]
    [InlineData("xpo", 1)]
    public void Run_Ahead_TrainsOnResponsesOfOlderWeights(string method, int maxStaleness)
    {
        using var server = new ModelServer(runs.LanguageModel);
        var display = new RecordingDisplay();
        var recipe = Recipe(method, [server], new() { MaxStaleness = maxStaleness }, steps: 6);
        Assert.True(runs.Start(method, recipe, display).IsFinished);
        Assert.Equal(0, display.Steps[0]["rollout/staleness"]);
        Assert.All(display.Steps, step => Assert.InRange(step["rollout/staleness"], 0, maxStaleness));
        Assert.All(display.Steps.Skip(1), step => Assert.InRange(step["rollout/staleness"], 1, maxStaleness));
        Assert.All(display.Steps.Skip(1), step => Assert.Equal(1, step["rollout/stale_tokens"]));
        Assert.All(display.Steps, step => Assert.InRange(step["rollout/queue"], 0, maxStaleness));
        Assert.InRange(display.Steps[0]["rollout/logprob_gap_max"], 0, 1e-4);
        Assert.True(display.Steps[2]["rollout/logprob_gap_max"] > 1e-3, "older weights have other log-probabilities");
        Assert.InRange(display.Steps[2].GetValueOrDefault("policy/first_approx_kl"), 0, 1e-6);
    }

    [Theory]
    [InlineData(RolloutProtocol.Openai)]
    [InlineData(RolloutProtocol.Sglang)]
    public void Run_Sampling_ComparesTheDistributionOfTheProtocol(RolloutProtocol protocol)
    {
        using var server = new ModelServer(runs.LanguageModel);
        var display = new RecordingDisplay();
        var recipe = Recipe("grpo", [server], new() { Protocol = protocol }) with
        {
            Sampling = new() { MaxNewTokens = 8, Temperature = 0.7, TopP = 0.9, TopK = 40 },
        };
        runs.Start("grpo", recipe, display);
        Assert.All(display.Steps, step => Assert.InRange(step["rollout/logprob_gap_max"], 0, 1e-4));
        var processed = recipe with { Run = recipe.Run with { Output = runs.PathTo("processed") } };
        runs.Start("grpo", processed with { Rollout = recipe.Rollout with { LogprobsMode = LogprobsMode.Processed } }, display);
        Assert.True(display.Steps[^1]["rollout/logprob_gap"] > 0.1, "those of other distributions differ");
    }

    [Theory]
    [InlineData(ImportanceCorrection.None)]
    [InlineData(ImportanceCorrection.TruncatedToken)]
    [InlineData(ImportanceCorrection.TruncatedSequence)]
    [InlineData(ImportanceCorrection.Icepop)]
    [InlineData(ImportanceCorrection.MaskedSequence)]
    public void Run_AServerWithOtherWeights_IsCorrected(ImportanceCorrection correction)
    {
        using var server = new ModelServer(runs.LanguageModel) { Spoil = Scaled };
        var display = new RecordingDisplay();
        var options = new RolloutOptions { Correction = correction, ClipMax = 1.02, ClipMin = Lowest(correction) };
        runs.Start("ppo", Recipe("ppo", [server], options), display);
        var step = display.Steps[^1];
        Assert.True(step["rollout/kl"] > 1e-4);
        if (correction == ImportanceCorrection.None)
            Assert.False(step.ContainsKey("rollout/weight"));
        else if (correction is ImportanceCorrection.Icepop or ImportanceCorrection.MaskedSequence)
            Assert.InRange(step["rollout/masked"], 0.01, 1);
        else
            Assert.InRange(step["rollout/weight"], 0.01, 0.99);

        static double? Lowest(ImportanceCorrection correction) =>
            correction is ImportanceCorrection.Icepop or ImportanceCorrection.MaskedSequence ? 0.98 : null;

        static void Scaled(LanguageModel model)
        {
            foreach (var parameter in model.Parameters)
                parameter.Value = parameter.Value * 3;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Run_AServerThatDies_StopsAndIsResumed(int maxStaleness)
    {
        using var server = new ModelServer(runs.LanguageModel);
        var isDead = false;
        server.Fault = (_, _) => isDead ? (FakeServer.CutConnection, "") : null;
        var display = new RecordingDisplay { OnStep = step => isDead |= step == 2 };
        var recipe = Recipe("ppo", [server], new() { MaxStaleness = maxStaleness, Retries = 1 }, steps: 6);
        var error = Assert.Throws<TrainingStoppedException>(() => runs.Start("ppo", recipe, display));
        Assert.StartsWith("no rollout server answered: ", error.Message, StringComparison.Ordinal);
        Assert.Matches("The run is saved after step [234]; resume it with `attune train", error.Message);
        isDead = false;
        var after = new RecordingDisplay();
        Assert.True(runs.Resume("ppo", after).IsFinished);
        Assert.Equal(6, after.Began.Step + after.Steps.Count);
        Assert.All(after.Steps, step => Assert.InRange(step["rollout/staleness"], 0, maxStaleness));
        Assert.InRange(after.Steps[0]["rollout/logprob_gap_max"], 0, 1e-4);
    }

    [Fact]
    public void Run_Resumed_IsTheRunThatWasNotStopped()
    {
        using var server = new ModelServer(runs.LanguageModel);
        var recipe = Recipe("grpo", [server], new(), steps: 6);
        var whole = runs.Start("grpo", recipe);
        var display = new RecordingDisplay(cancelAfter: 3);
        var stopped = recipe with { Run = recipe.Run with { Output = runs.PathTo("stopped") } };
        Assert.Throws<OperationCanceledException>(() => runs.Start("grpo", stopped, display, display.Token));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("stopped")));
    }

    [Fact]
    public void Run_OnAServerOfTheSameModel_LearnsAsInThisProcess()
    {
        using var server = new ModelServer(runs.LanguageModel);
        var (served, local) = (new RecordingDisplay(), new RecordingDisplay());
        var recipe = Learning(Recipe("grpo", [server], new(), steps: 30));
        runs.Start("grpo", recipe, served);
        runs.Start("grpo", recipe with { Rollout = new(), Run = recipe.Run with { Output = runs.PathTo("local") } }, local);
        var (gained, localGain) = (Gain(served), Gain(local));
        Assert.True(gained > 4 && localGain > 4, $"gains {gained} and {localGain}");
        Assert.InRange(gained / localGain, 0.5, 2);

        static double Gain(RecordingDisplay display) => Score(display.Steps.TakeLast(3)) - Score(display.Steps.Take(3));

        static double Score(IEnumerable<IReadOnlyDictionary<string, double>> steps) => steps.Average(step => step["objective/scores"]);

        static OnPolicyRecipe Learning(OnPolicyRecipe recipe) => recipe with
        {
            RewardModel = "",
            Rewards = [new LengthReward { Unit = LengthUnit.Characters }],
            Optimizer = new() { LearningRate = 1e-2 },
            Training = recipe.Training with { BatchSize = 8 },
        };
    }

    [Fact]
    public void Start_NoServer_LeavesNoFolder()
    {
        using var server = new ModelServer(runs.LanguageModel);
        server.Dispose();
        Assert.Contains(
            "cannot be reached", Assert.Throws<InvalidDataException>(() => runs.Start("ppo", Recipe("ppo", [server], new()))).Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(runs.PathTo("ppo")));
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
