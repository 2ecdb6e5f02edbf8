using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Models.Layers;
using Attune.Reporting.Files;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Environments;
using Attune.Training.Optimizers;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.Servers;
using Attune.Training.Tests.Servers;

namespace Attune.Training.Tests.Distributed;

/// <summary>Runs of several ranks, compared with runs of one.</summary>
public sealed class RankTests : IDisposable
{
    readonly TinyRuns runs = new();

    public static TheoryData<string> Kinds => [.. TinyRuns.Kinds];

    public void Dispose() => runs.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Train_TwoRanks_LogsTheNumbersOfOne(string kind) => AssertSameNumbers(
        runs.Start(kind, Recipe(kind, "one")), Start(kind, Recipe(kind, "two"), ranks: 2));

    [Theory]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("kto")]
    [InlineData("ppo")]
    public void Train_FourRanks_LogsTheNumbersOfOne(string kind) => AssertSameNumbers(
        runs.Start(kind, Recipe(kind, "one")), Start(kind, Recipe(kind, "four"), ranks: 4));

    [Fact]
    public void Backward_TwoRanks_AddsUpGradientsWithOneMessage()
    {
        var ranks = ThreadRanks.Run(2, own =>
        {
            using var scope = TensorScope.Open();
            var parameter = new Parameter([1], initialStd: 0) { Value = Tensor.Ones([1]) };
            parameter.Trainable = true;
            var optimizer = new Optimizer(new Sgd(momentum: 0, nesterov: false), [("w", parameter)], weightDecay: 0);
            var totals = new MicroBatches(optimizer, new() { MicroBatchSize = 1 }).Backward(
                [[1], [2], [4]], part => new Loss(parameter.Value.Sum() * part[0], new Dictionary<string, Tensor>()));
            return (totals.Loss, Gradient: parameter.Value.Grad?.Item(), own.Messages);
        });
        Assert.Equal([(7, 7.0, 1), (7, null, 1)], ranks);
    }

    [Theory]
    [InlineData("sft")]
    [InlineData("ppo")]
    public void Train_DropoutOrEpisodes_EndsWithTheSameWeightsOnAllRanksAndAfterAResume(string kind)
    {
        var recipe = runs.Recipe(kind, "whole");                            // sft: with dropout, of which each rank has its own noise
        if (recipe is PpoRecipe ppo)
            recipe = ppo with { Episodes = new() { Environments = [new ObjectEnvironment(new Game())], MaxTurns = 2, MaxTokens = 24 } };
        var whole = Start(kind, recipe, ranks: 2);
        var display = new RecordingDisplay(cancelAfter: 3);
        var parts = recipe.With(recipe.Run with { Output = runs.PathTo("parts") }, recipe.Model);
        Assert.Throws<OperationCanceledException>(() => ThreadRanks.Run(2, ranks =>
            runs.Start(kind, parts, display, ranks.Rank == 0 ? display.Token : CancellationToken.None)));
        var resumed = ThreadRanks.Run(2, _ => RecipeRunner.StartOrResume(parts, new SilentDisplay(), CancellationToken.None))[0];
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(resumed));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Resume_AnotherNumberOfRanks_LogsTheSameNumbers(int ranks)
    {
        var whole = Start("ppo", Recipe("ppo", "whole", steps: 4), ranks: 2);
        var display = new RecordingDisplay(cancelAfter: 2);
        Assert.Throws<OperationCanceledException>(() => ThreadRanks.Run(2, own =>
            runs.Start("ppo", Recipe("ppo", "parts", steps: 4), display, own.Rank == 0 ? display.Token : CancellationToken.None)));
        AssertSameNumbers(whole, ThreadRanks.Run(ranks, _ => runs.Resume("parts"))[0]);
    }

    [Fact]
    public void Checkpoint_TwoRanks_HasAPartOfTheOptimizerOfEach()
    {
        var run = Start("sft", Recipe("sft", "two"), ranks: 2);
        var checkpoint = Path.Combine(run.Checkpoints, "step-000003");
        Assert.Equal(
            ["manifest.json", "rank-1.safetensors", "state.json", "state.safetensors"],
            Directory.GetFiles(checkpoint).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var (first, second) = (OptimizerElements(checkpoint, "state.safetensors"), OptimizerElements(checkpoint, "rank-1.safetensors"));
        Assert.InRange(second / (double)(first + second), 0.4, 0.6);
    }

    [Fact]
    public void Checkpoint_FileOfARankIsDamaged_TheOneBeforeIsUsed()
    {
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(() => ThreadRanks.Run(2, own =>
            runs.Start("sft", Recipe("sft", "a", steps: 4), display, own.Rank == 0 ? display.Token : CancellationToken.None)));
        File.WriteAllText(Path.Combine(runs.PathTo("a"), "checkpoints", "step-000003", "rank-1.safetensors"), "x");
        var second = new RecordingDisplay();
        ThreadRanks.Run(2, _ => runs.Resume("a", second));
        Assert.Equal((2, 4), second.Began);
        Assert.Contains("rank-1.safetensors has changed", Assert.Single(second.Notices, text => text.Contains("damaged")));
    }

    [Fact]
    public void Reward_ThatIsAFunction_IsCalledOnOneRankAndItsFailureStopsAll()
    {
        var calls = 0;
        var recipe = (PpoRecipe)runs.Recipe("ppo", "a") with
        {
            RewardModel = "",
            Rewards = [new FunctionReward(responses => Interlocked.Increment(ref calls) < 4
                ? Array.ConvertAll([.. responses], response => (double)response.Text.Length)
                : throw new InvalidDataException("no more scores"))],
        };
        var failures = ThreadRanks.Run(2, _ => Assert.Throws<TrainingStoppedException>(() =>
            RecipeRunner.StartOrResume(recipe, new SilentDisplay(), CancellationToken.None)).Message);
        Assert.All(failures, message => Assert.Contains("no more scores", message, StringComparison.Ordinal));
        Assert.Equal(4, calls);                                             // 8 if each rank called it
    }

    [Theory]
    [InlineData(DpoLoss.Aot, 2)]
    [InlineData(DpoLoss.AotUnpaired, 2)]
    [InlineData(DpoLoss.AotUnpaired, 8)]                                    // more ranks than examples
    public void Train_LossThatComparesExamples_LogsTheNumbersOfOne(DpoLoss loss, int ranks)
    {
        AssertSameNumbers(runs.Start("dpo", Recipe("one")), Start("dpo", Recipe("many"), ranks));

        DpoRecipe Recipe(string output)
        {
            var recipe = (DpoRecipe)this.Recipe("dpo", output, steps: 4);
            return recipe with
            {
                Dpo = recipe.Dpo with { Loss = [loss], LabelSmoothing = 0.1 },
                Training = recipe.Training with { MicroBatchSize = 0, BatchSize = 6 },
                Optimizer = recipe.Optimizer with { LearningRate = 5e-3 },
            };
        }
    }

    [Theory]
    [InlineData(0, false, false)]
    [InlineData(0, false, true)]
    [InlineData(1, false, true)]
    [InlineData(1, true, false)]
    public void Train_OnAServer_LogsTheNumbersOfOneWithAsManyRequests(int maxStaleness, bool inEpisodes, bool shardWeights)
    {
        using var server = new ModelServer(runs.LanguageModel);
        var one = runs.Start("ppo", Recipe("one"));
        var (requests, loads) = (server.Generations, server.Loads);
        AssertSameNumbers(one, Start("ppo", Recipe("two"), ranks: 2));
        Assert.Equal((2 * requests, 2 * loads), (server.Generations, server.Loads));

        PpoRecipe Recipe(string output)
        {
            var recipe = (PpoRecipe)this.Recipe("ppo", output);
            return recipe with
            {
                Run = recipe.Run with { ShardWeights = shardWeights },
                Rollout = new() { Engine = RolloutEngine.Server, Servers = [server.Url], MaxStaleness = maxStaleness },
                Optimizer = recipe.Optimizer with { LearningRate = maxStaleness == 0 ? 1e-3 : 0 },  // any weights are then the same
                Episodes = inEpisodes
                    ? new() { Environments = [new ObjectEnvironment(new Game())], MaxTurns = 2, MaxTokens = 24 }
                    : recipe.Episodes,
            };
        }
    }

    [Fact]
    public void Train_OnAServerThatRefuses_StopsAllRanksWithItsMessage()
    {
        using var server = new ModelServer(runs.LanguageModel);
        server.Fault = (path, _) => path == "/v1/completions" ? (400, "max_tokens is too large") : null;
        var recipe = (PpoRecipe)Recipe("ppo", "a") with { Rollout = new() { Engine = RolloutEngine.Server, Servers = [server.Url] } };
        var failures = ThreadRanks.Run(2, _ => Assert.Throws<TrainingStoppedException>(() =>
            RecipeRunner.StartOrResume(recipe, new SilentDisplay(), CancellationToken.None)).Message);
        Assert.All(failures, message => Assert.Contains("max_tokens is too large", message, StringComparison.Ordinal));
    }

    IRecipe Recipe(string kind, string output, int steps = 3)
    {
        var recipe = runs.Recipe(kind, output, steps, checkpointEvery: 1);
        return recipe switch
        {
            SftRecipe sft => sft with { Sft = sft.Sft with { Dropout = false } },
            PretrainRecipe pretrain => pretrain with { Pretrain = pretrain.Pretrain with { Dropout = false } },
            _ => recipe,
        };
    }

    RunFolder Start(string kind, IRecipe recipe, int ranks)
    {
        var results = ThreadRanks.Run(ranks, own => (Folder: runs.Start(kind, recipe), own.SummedElements));
        Assert.All(results, rank => Assert.True(rank.SummedElements > 0));
        return results[0].Folder;
    }

    internal static void AssertSameNumbers(RunFolder expected, RunFolder found)
    {
        var (one, two) = (Metrics(expected), Metrics(found));
        Assert.Equal(one.Count, two.Count);
        foreach (var (own, other) in one.Zip(two))
        {
            Assert.Equal(own.Keys.Order(StringComparer.Ordinal), other.Keys.Order(StringComparer.Ordinal));
            foreach (var (name, value) in own)
                Assert.True(
                    value.Equals(other[name]) || Math.Abs(value - other[name]) <= 1e-5 * Math.Max(1, Math.Abs(value)),
                    $"step {own["step"]}: {name} is {other[name]} and must be {value}");
        }
    }

    /// <summary>The numbers of each line but times, and what depends on them.</summary>
    static List<Dictionary<string, double>> Metrics(RunFolder run) => [.. JsonLinesLog.Read(run.Metrics).Select(line => line
        .Where(pair => !pair.Key.StartsWith("time/", StringComparison.Ordinal) && !DependOnTime.Contains(pair.Key))
        .ToDictionary(pair => pair.Key, pair => Number(pair.Value!), StringComparer.Ordinal))];

    static IReadOnlyList<string> DependOnTime => ["rollout/staleness", "rollout/stale_tokens", "rollout/queue"];

    static double Number(JsonNode value) => value.GetValueKind() == JsonValueKind.Number
        ? value.GetValue<double>()
        : double.Parse(value.GetValue<string>(), CultureInfo.InvariantCulture);

    static long OptimizerElements(string checkpoint, string file)
    {
        using var tensors = Safetensors.Open(Path.Combine(checkpoint, file));
        return tensors.Header.Entries.Where(entry => entry.Key.StartsWith("optimizer/", StringComparison.Ordinal))
            .Sum(entry => entry.Value.Shape.Aggregate(1L, (product, size) => product * size));
    }

    /// <summary>Replies once, and remembers on which rank it was called.</summary>
    sealed class Game : IEnvironment
    {
        public Task<IReadOnlyList<Reply>> ReplyAsync(IReadOnlyList<Episode> episodes, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<Reply>>([.. episodes.Select(episode => new Reply(" moo")
            {
                Ends = episode.Turns[^1].Text.Length % 3 == 0, Reward = episode.Turns[^1].Text.Length % 7,
            })]);
    }
}
