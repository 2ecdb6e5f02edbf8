using Attune.Data;
using Attune.Generation;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.Servers;

namespace Attune.Serving.Tests;

/// <summary>Training on responses that this server samples.</summary>
public sealed class TrainingTests : IDisposable
{
    readonly RunningServer server = RunningServer.With(options => options with { AllowWeightUpdates = true, Adapters = [] });
    readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        server.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(RolloutProtocol.Openai, 0)]
    [InlineData(RolloutProtocol.Openai, 4)]
    [InlineData(RolloutProtocol.Sglang, 0)]
    public void Grpo_SampledByTheServer_HasTheLogprobsOfThePolicy(RolloutProtocol protocol, int rank)
    {
        var display = Train(NewRecipe("run", steps: 3) with
        {
            Parameters = new() { Lora = new() { Rank = rank } },
            Rollout = OnServer with { Protocol = protocol },
            Sampling = new() { MaxNewTokens = 8, Temperature = 0.8, TopP = 0.9 },
        });
        Assert.Equal(3, display.Steps.Count);
        Assert.All(display.Steps, step => Assert.InRange(step["rollout/logprob_gap_max"], 0, 1e-3));
        Assert.All(display.Steps, step => Assert.Equal(0, step["rollout/staleness"]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Grpo_SampledByTheServer_LearnsAsInThisProcess(int maxStaleness)
    {
        var served = Gain(Train(NewRecipe("served", steps: 25) with { Rollout = OnServer with { MaxStaleness = maxStaleness } }));
        var local = Gain(Train(NewRecipe("local", steps: 25)));
        Assert.True(served > 3 && local > 3, $"gains {served} and {local}");
        Assert.InRange(served / local, 0.4, 2.5);

        static double Gain(Recorded display) => Score(display.Steps.TakeLast(3)) - Score(display.Steps.Take(3));

        static double Score(IEnumerable<IReadOnlyDictionary<string, double>> steps) => steps.Average(step => step["objective/scores"]);
    }

    [Theory]
    [InlineData(RolloutProtocol.Openai)]
    [InlineData(RolloutProtocol.Sglang)]
    public void Generate_Greedily_GivesTheTokensOfThisProcess(RolloutProtocol protocol)
    {
        var model = ModelFolder.LoadLanguageModel(server.Folders.OtherLanguage, Device.Cpu);
        var tokenizer = ModelFolder.LoadTokenizer(server.Folders.OtherLanguage);
        using var run = new Run(new() { Output = folder.File("greedy"), Device = "cpu" });
        using var generator = ServerGenerator.Connect(
            OnServer with { Protocol = protocol }, model, server.Folders.OtherLanguage, tokenizer,
            TrainedParameters.Select(model, new(), seed: 1), run, CancellationToken.None);
        TokenPrompt[] prompts = [new([5, 6, 7], ""), new([8], ""), new([9, 10], "")];
        Assert.Equal(Greedy(null), Greedy(generator));

        int[][] Greedy(ITextGenerator? sampler)
        {
            using var scope = TensorScope.Open();
            var policy = new Policy(model, tokenizer, new() { MaxNewTokens = 12 }) { Critic = null, Generator = sampler };
            return [.. policy.RespondGreedily(prompts, run.Random).Tokens];
        }
    }

    RolloutOptions OnServer => new()
    {
        Engine = RolloutEngine.Server, Servers = [server.Address.ToString()], Weights = null, Backoff = 0.01,
    };

    GrpoRecipe NewRecipe(string output, int steps) => new()
    {
        Run = new() { Output = folder.File(output), Device = "cpu", Seed = 5, Dtype = "float32" },
        Training = new() { BatchSize = 8, Steps = steps },
        Model = server.Folders.Language,
        Data = new() { Train = TinyData.Prompts(folder) },
        Sampling = new() { MaxNewTokens = 8 },
        Optimizer = new() { LearningRate = 1e-2 },
        Updates = new() { SamplesPerPrompt = 4 },
        Rewards = [new LengthReward { Unit = LengthUnit.Characters }],
    };

    static Recorded Train(GrpoRecipe recipe)
    {
        var display = new Recorded();
        RecipeRunner.Start(GrpoRecipe.Method, recipe, display, CancellationToken.None);
        return display;
    }

    sealed class Recorded : IRunDisplay
    {
        public List<IReadOnlyDictionary<string, double>> Steps { get; } = [];

        public void Begin(string title, int step, int totalSteps)
        {
        }

        public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary) => Steps.Add(metrics);

        public void Notice(string text)
        {
        }

        public void End(string text)
        {
        }
    }
}
