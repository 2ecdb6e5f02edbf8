using Attune.Data;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Parameters;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Training.Tests.Algorithms;

public sealed class RewardModelingTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();
    readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        folder.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void ALossIsThatOfBothSidesByTheShareOfPeople()
    {
        // d = 2 − 0.5 − 0.3 = 1.2: 0.7 · log(1 + e^−1.2) + 0.3 · log(1 + e^1.2) + 0.01 · 2.5²
        var expected = 0.7 * Math.Log(1 + Math.Exp(-1.2)) + 0.3 * Math.Log(1 + Math.Exp(1.2)) + 0.01 * 6.25;
        var loss = RewardModeling.PairLoss(Tensor.Scalar(2), Tensor.Scalar(0.5), Tensor.Scalar(0.3), 0.01, Tensor.Scalar(0.3)).Item();
        Assert.Equal(expected, loss, 1e-6);
    }

    [Fact]
    public void SmoothingMarginSharesAndWeightingEnterTheLossAsTheyAreWritten()
    {
        var model = Scorer();
        TokenComparisons three = new([[5, 6], [5, 7], [5, 8]], 1, [new(0, 1) { Margin = 2 }, new(0, 2), new(1, 2) { Share = 0.75 }]);
        TokenComparisons two = new([[9, 6], [9, 7]], 1, [new(1, 0)]);
        var (a, b) = (Scores(model, three), Scores(model, two));
        var options = new RewardModelingOptions { MarginScale = 0.25, LabelSmoothing = 0.1, CenterCoef = 0.02,
            Weighting = PairWeighting.Prompt };
        double[] losses =
            [Pair(a[0], a[1], 0.5, 0.1), Pair(a[0], a[2], 0, 0.1), Pair(a[1], a[2], 0, 0.9 * 0.25 + 0.1 * 0.75), Pair(b[1], b[0], 0, 0.1)];
        Assert.Equal((losses[..3].Average() + losses[3]) / 2, Loss(options), 1e-5);
        Assert.Equal(losses.Average(), Loss(options with { Weighting = PairWeighting.Pair }), 1e-5);

        double Loss(RewardModelingOptions chosen)
        {
            var objective = new RewardModeling(model, TinyData.Tokenizer, chosen);
            return objective.Compute([three, two], objective.Count([three, two])).Value.Item();
        }

        static double Pair(double better, double worse, double margin, double doubt)
        {
            var d = better - worse - margin;
            return (1 - doubt) * Math.Log(1 + Math.Exp(-d)) + doubt * Math.Log(1 + Math.Exp(d))
                + 0.02 * (better + worse) * (better + worse);
        }
    }

    [Fact]
    public void ATextIsReadOnceHoweverManyRankingsItIsIn()
    {
        TokenComparisons one = new([[1, 2], [1, 3], [1, 4]], 1, [new(0, 1), new(0, 2)]);
        TokenComparisons again = new([[1, 3], [1, 2], [1, 9]], 1, [new(0, 1)]);
        var pairs = PairBatch.From([one, again]);
        Assert.Equal([[1, 2], [1, 3], [1, 4]], pairs.Texts);
        Assert.Equal([0, 0, 1], pairs.Chosen);
        Assert.Equal([1, 2, 0], pairs.Rejected);
        Assert.Equal([0.5f, 0.5f, 1], pairs.Weights);
    }

    [Fact]
    public void HeadsDrawRankingsByPoissonsLawTheSameWheneverTheySeeThem()
    {
        using var random = new RandomSource(1);
        var model = Pretrained.NewRewardModel(Scorer().Config, random, heads: 4);
        var objective = new RewardModeling(model, TinyData.Tokenizer, new() { Heads = 4, Bootstrap = true }, seed: 3);
        var draws = Enumerable.Range(0, 3000).Select(i => objective.Transform(new([[i, 1], [i, 2]], 1, [new(0, 1)]), i).HeadWeights!)
            .ToList();
        Assert.Equal(draws[7], objective.Transform(new([[7, 1], [7, 2]], 1, [new(0, 1)]), 99_999).HeadWeights!);
        Assert.Null(objective.Transform(new([[7, 1], [7, 2]], 1, [new(0, 1)]), -1).HeadWeights);
        for (var head = 0; head < 4; head++)
        {
            Assert.Equal(1, draws.Average(draw => draw[head]), 0.06);
            Assert.Equal(Math.Exp(-1), draws.Count(draw => draw[head] == 0) / 3000.0, 0.03);
        }
        Assert.InRange(draws.Count(draw => draw[0] != draw[1]), 1500, 2700);
    }

    public static TheoryData<string> Options => ["centerCoef=0.1", "labelSmoothing=0.2", "marginScale=0", "weighting=pair", "heads=3"];

    [Theory]
    [MemberData(nameof(Options))]
    public void EveryOptionChangesTheOutcome(string option) => Assert.NotEqual(Train("plain"), Train("other", $"reward.{option}"));

    [Fact]
    public void BootstrapChangesTheOutcomeOfAnEnsemble() =>
        Assert.NotEqual(Train("plain", "reward.heads=3"), Train("other", "reward.heads=3", "reward.bootstrap=true"));

    [Fact]
    public void EveryOptionIsTried() => Assert.Equal(
        RecipeKeys.All(typeof(RewardModelingOptions)).Select(row => row.Key).Order(StringComparer.Ordinal),
        Options.Select(row => row.Data.Split('=')[0]).Append("bootstrap").Order(StringComparer.Ordinal));

    [Fact]
    public void EveryHeadIsSavedAndTheFirstIsTheOneThatOthersRead()
    {
        var run = folder.File("ensemble");
        Train("ensemble", "reward.heads=3", "normalise.by=none");
        var model = Pretrained.LoadRewardModel(Path.Combine(run, "model"));
        var again = folder.File("again");
        ModelFolder.Save(again, model, TinyData.Tokenizer);
        Assert.Equal(File.ReadAllBytes(Path.Combine(run, "model", "model.safetensors")), File.ReadAllBytes(
            Path.Combine(again, "model.safetensors")));
        var input = TensorBatch.Padded([[5, 6, 7], [5, 8]], 0, Device.Cpu);
        var heads = model.ScoreHeads(input).ToArray<float>();
        Assert.Equal(6, heads.Distinct().Count());
        Assert.Equal([(heads[0] + heads[1] + heads[2]) / 3, (heads[3] + heads[4] + heads[5]) / 3], model.Score(input).ToArray<float>()
            .Select(score => score), (x, y) => Math.Abs(x - y) < 1e-6);
        var alone = Pretrained.RewardModelFrom(again, new RandomSource(9));
        Assert.Equal([heads[0], heads[3]], alone.Score(input).ToArray<float>());
        Assert.Equal(model.Backbone.Width, Pretrained.LoadLanguageModel(again).Backbone.Width);
    }

    byte[] Train(string name, params string[] words)
    {
        var data = folder.Write("pairs.jsonl", string.Concat(Enumerable.Range(0, 24).Select(i => i % 2 == 0
            ? $$"""{"prompt":"The cat {{i}} says","completions":[" meow."," no"," woof"],"ranks":[0,1,2],"strength":{{i % 3}}}""" + "\n"
            : $$"""{"prompt":"The dog {{i}} says","completions":[" woof."," meow"],"ranks":[1,0]}""" + "\n")));
        var model = folder.File("lm");
        if (!Directory.Exists(model))
        {
            using var random = new RandomSource(1);
            var config = new ModelShape { Family = "gpt2", Layers = 1, Width = 32, Heads = 2, Context = 48 }
                .ToConfig(TinyData.Tokenizer.VocabularySize, TinyData.Tokenizer.BosId, TinyData.Tokenizer.EosId, TinyData.Tokenizer.PadId);
            ModelFolder.Save(model, Pretrained.NewLanguageModel(config, random), TinyData.Tokenizer);
        }
        var (method, recipe) = RecipeReader.Read("reward", null, [
            $"model={model}", $"data.train={data}", $"run.output={folder.File(name)}", "run.device=cpu", "training.steps=2",
                "training.batchSize=8", "training.microBatchSize=4", .. words]);
        return TinyRuns.Weights(RecipeRunner.Start(method, recipe, new SilentDisplay(), default));
    }

    static RewardModel Scorer()
    {
        using var random = new RandomSource(1);
        var config = new ModelShape { Family = "gpt2", Layers = 1, Width = 32, Heads = 2, Context = 48 }.ToConfig(
            TinyData.Tokenizer.VocabularySize, 0, 0, 1);
        return Pretrained.NewRewardModel(config, random);
    }

    static double[] Scores(RewardModel model, TokenComparisons ranking) =>
        [.. model.Score(TensorBatch.Padded(ranking.Texts, TinyData.Tokenizer.FillId, Device.Cpu)).ToArray<float>()
            .Select(score => (double)score)];
}
