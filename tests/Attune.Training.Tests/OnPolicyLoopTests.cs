using Attune.Generation;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;
using Attune.Training.Tests.Rewards;

namespace Attune.Training.Tests;

/// <summary>The on-policy loop with a generator that is not the policy itself, as a server is.</summary>
public sealed class OnPolicyLoopTests : IDisposable
{
    const int Steps = 3;

    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void TheGeneratorGetsTheNewWeightsAfterEachStep()
    {
        var server = Train("a", reportsLogprobs: false).Server;
        Assert.Equal(Steps, server.Synced.Count);
        Assert.Equal(Steps, server.Synced.Distinct().Count());
        Assert.NotEqual(server.Initial, server.Synced[0]);
    }

    [Fact]
    public void ThePolicyComputesTheLogprobsThatAGeneratorDoesNotReport()
    {
        Assert.Equal(1, FirstRatio(reportsLogprobs: false), tolerance: 1e-4);
        Assert.True(FirstRatio(reportsLogprobs: true) < 0.5);

        double FirstRatio(bool reportsLogprobs) => Train($"{reportsLogprobs}", reportsLogprobs).Steps[0]["policy/ratio"];
    }

    (Server Server, IReadOnlyList<IReadOnlyDictionary<string, double>> Steps) Train(string output, bool reportsLogprobs)
    {
        var display = new RecordingDisplay();
        var model = Pretrained.LoadLanguageModel(runs.LanguageModel);
        var server = new Server(model, reportsLogprobs);
        using var run = new Run(new() { Output = runs.PathTo(output), Device = "cpu", Seed = 5 }, display);
        var policy = new Policy(model, TinyData.Tokenizer, new() { MaxNewTokens = 4 }) { Generator = server, Critic = null };
        var reward = new FixedReward([[0], [1], [2], [3]]);
        var task = new OnPolicyTask(run, policy, TrainedParameters.Select(model, new(), seed: 5), reward, new Grpo(new()))
        {
            Training = new() { BatchSize = 1, Steps = Steps },
            Updates = new() { SamplesPerPrompt = 4 },
            Optimizer = new() { LearningRate = 1e-3 },
        };
        task.Train([new([5, 6, 7], ""), new([8], "")], [], CancellationToken.None);
        return (server, display.Steps);
    }

    /// <summary>Samples from the model; its log-probabilities are wrong.</summary>
    sealed class Server(LanguageModel model, bool reportsLogprobs) : ITextGenerator
    {
        readonly TextGenerator generator = new(model, TinyData.Tokenizer.FillId, [TinyData.Tokenizer.EosId!.Value]);

        public bool ReportsLogprobs => reportsLogprobs;

        public double Initial { get; } = SumOfWeights(model);

        /// <summary>The sum of the weights at each call.</summary>
        public List<double> Synced { get; } = [];

        public IReadOnlyList<Response> Generate(
            IReadOnlyList<int[]> prompts, SamplingOptions options, RandomSource random, int samples = 1,
            CancellationToken cancellation = default) =>
            [
                .. generator.Generate(prompts, options, random, samples, cancellation)
                    .Select(response => response with { Logprobs = new float[response.Tokens.Length] }),
            ];

        public void Sync() => Synced.Add(SumOfWeights(model));

        static double SumOfWeights(LanguageModel model) => model.Parameters.Sum(parameter => parameter.Value.Abs().Sum().Item());
    }
}
