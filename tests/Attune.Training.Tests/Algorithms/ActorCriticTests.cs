using Attune.Generation;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Optimizers;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Algorithms;

/// <summary>A2C, TRPO and NLPO as runs, of decoders and of T5.</summary>
public sealed class ActorCriticTests
{
    [Theory]
    [InlineData("a2c", "gpt2")]
    [InlineData("trpo", "gpt2")]
    [InlineData("trpo", "t5")]
    [InlineData("nlpo", "gpt2")]
    [InlineData("nlpo", "t5")]
    public void Score_OfARule_Rises(string method, string family)
    {
        using var runs = new TinyRuns(family);
        var display = new RecordingDisplay();
        var recipe = Recipe(runs, method, "a", method == "trpo" ? 15 : 60);
        // In a T5 with random weights, a step on few responses is learned by heart: docs/algorithms/trpo.md, detail 8.
        var responses = (method, family) is ("trpo", "t5") ? 64 : 32;
        recipe = recipe with { Training = recipe.Training with { BatchSize = responses } };
        runs.Start(method, recipe is TrpoRecipe trpo ? trpo with { Trpo = trpo.Trpo with { TargetKl = 0.2 } } : recipe, display);
        var (first, last) = (Mean(display.Steps.Take(3)), Mean(display.Steps.TakeLast(5)));
        Assert.True(last > first + 0.1, $"the score went from {first} to {last}");

        static double Mean(IEnumerable<IReadOnlyDictionary<string, double>> steps) => steps.Average(step => step["objective/scores"]);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("t5")]
    public void Trpo_EachStep_ImprovesTheSurrogateWithinTheRegion(string family)
    {
        using var runs = new TinyRuns(family);
        var display = new RecordingDisplay();
        runs.Start("trpo", Recipe(runs, "trpo", "a", steps: 4), display);
        Assert.All(display.Steps, step =>
        {
            Assert.Equal(1, step["trpo/succeeded"]);
            Assert.True(step["trpo/improvement"] > 0);
            Assert.InRange(step["trpo/kl"], 0.001, 0.01);
        });
    }

    /// <summary>A rare token has a positive advantage: the KL of the first try is about 15 times that of its quadratic estimate.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(10, true)]
    public void Step_FirstTryIsTooFar_IsShortenedOrTakenBack(int tries, bool succeeds)
    {
        using var scope = TensorScope.Open();
        var logits = Tensor.From([-4.6, 0.0], 1, 2);
        logits.RequiresGrad = true;
        var old = logits.Detach().LogSoftmax(-1).Select(1, 0);
        var part = new TrustRegionPart(() => logits.LogSoftmax(-1), Tensor.From([0L], 1), old, Tensor.From([1.0], 1));
        var result = new TrustRegion(new([logits]), [part], [part], new(0.1, 10, 1e-6, 0.5, tries)).Step();
        Assert.Equal((succeeds, succeeds), (result.Succeeded, result.Kl < 0.1));
        Assert.True(result.After > result.Before);
        if (succeeds)
            Assert.InRange(logits.Detach().ToArray<double>()[0], -4.5, 0);
        else
            Assert.Equal([-4.6, 0.0], logits.Detach().ToArray<double>());
    }

    [Fact]
    public void FisherProduct_OfTwoTokens_IsTheCovarianceOfTheirScores()
    {
        using var scope = TensorScope.Open();
        var logits = Tensor.From([0.0, 0.0, Math.Log(3), 0.0], 2, 2);
        logits.RequiresGrad = true;
        var part = new TrustRegionPart(
            () => logits.LogSoftmax(-1), Tensor.From([0L, 1L], 2), Tensor.From([0.0, 0.0], 2), Tensor.From([0.0, 0.0], 2));
        var region = new TrustRegion(new([logits]), [part], [part], new(0.01, 1, CgDamping: 1, 0.5, 1));
        // p (1 − p) = 1/4 and 3/16, halved by the mean over two tokens, and v itself from the damping.
        var product = region.FisherProduct(Tensor.From([1.0, 0, 1, 0], 4)).ToArray<double>();
        Attune.Testing.Numeric.Close([1.125, -0.125, 1 + 3 / 32.0, -3 / 32.0], product, "product", 1e-7);
        Assert.Equal([0, 0, Math.Log(3), 0], logits.Detach().ToArray<double>());
    }

    [Fact]
    public void Nlpo_Mask_IsRefreshedAfterNSteps()
    {
        using var runs = new TinyRuns();
        Assert.Equal(Weights(updateEvery: 3, steps: 3), Weights(updateEvery: 100, steps: 3));
        Assert.NotEqual(Weights(updateEvery: 2, steps: 3), Weights(updateEvery: 100, steps: 3));

        string Weights(int updateEvery, int steps)
        {
            var recipe = (NlpoRecipe)Recipe(runs, "nlpo", $"{updateEvery}-{Guid.NewGuid():N}", steps);
            return Convert.ToHexString(TinyRuns.Weights(runs.Start("nlpo", recipe with
            {
                Nlpo = recipe.Nlpo with { TargetUpdateIterations = updateEvery },
            })));
        }
    }

    [Fact]
    public void Nlpo_WithAdapter_RefreshesTheMaskAndResumesToTheSameBits()
    {
        using var runs = new TinyRuns();
        var whole = runs.Start("nlpo", Adapted("whole", updateEvery: 2));
        Assert.NotEqual(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Start("nlpo", Adapted("first", updateEvery: 100))));
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(() => runs.Start("nlpo", Adapted("parts", updateEvery: 2), display, display.Token));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("parts")));

        IRecipe Adapted(string output, int updateEvery)
        {
            var recipe = (NlpoRecipe)Recipe(runs, "nlpo", output, steps: 4);
            return recipe with
            {
                Parameters = new() { Lora = new() { Rank = 4 } },
                Nlpo = recipe.Nlpo with { TargetUpdateIterations = updateEvery },
            };
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("t5")]
    public void Nlpo_FirstRatio_IsOneUnderTheMask(string family)
    {
        using var runs = new TinyRuns(family);
        var display = new RecordingDisplay();
        var recipe = Recipe(runs, "nlpo", "a", steps: 1) with { Updates = new() };
        runs.Start("nlpo", recipe with { Run = recipe.Run with { SelfTest = true } }, display);
        Assert.Equal(1, display.Steps[0]["policy/ratio"], tolerance: 1e-5);
        Assert.Equal(0, display.Steps[0]["policy/approx_kl"], tolerance: 1e-9);
    }

    [Fact]
    public void MaskPolicy_SamplesOnlyTokensThatItKeeps()
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(3);
        var model = TinyModel.Gpt2();
        // A mask of one token, beside the end of sequence, makes the response that of greedy decoding.
        var filter = new MaskPolicyFilter(new TopKFilter(1), [], padId: 0, maxNewTokens: 6) { Model = model };
        var generator = new TextGenerator(model, 0, []) { Filters = [filter] };
        var sampled = generator.Generate([[5, 6, 7], [8]], new() { MaxNewTokens = 6 }, random, samples: 2);
        var greedy = new TextGenerator(model, 0, []).Generate([[5, 6, 7], [8]], new() { MaxNewTokens = 6, Temperature = 0 }, random);
        Assert.Equal([greedy[0].Tokens, greedy[0].Tokens, greedy[1].Tokens, greedy[1].Tokens], sampled.Select(response => response.Tokens));
        Assert.All(sampled.SelectMany(response => response.Logprobs), logprob => Assert.Equal(0, logprob, tolerance: 1e-6f));
    }

    [Fact]
    public void Recipes_ThatTheMethodsCannotTrain_AreRefused()
    {
        using var runs = new TinyRuns();
        var a2c = (A2cRecipe)runs.Recipe("a2c", "a");
        Assert.Contains("`updates.epochs` must be 1", Error("a2c", a2c with { Updates = new() { MiniBatches = 2 } }));
        var trpo = (TrpoRecipe)runs.Recipe("trpo", "a");
        Assert.Contains("`kl.in` must be reward", Error("trpo", trpo with { Kl = new() { In = OnPolicy.KlPlace.Loss } }));
        Assert.Contains("`sampling.topP` must be 1", Error("trpo", trpo with { Sampling = new() { TopP = 0.9 } }));
        var nlpo = (NlpoRecipe)runs.Recipe("nlpo", "a");
        Assert.Contains("`nlpo.topMask` must be at most 1", Error("nlpo", nlpo with { Nlpo = new() { TopMask = 2 } }));

        string Error(string method, IRecipe recipe) => Assert.Throws<InvalidDataException>(() => runs.Start(method, recipe)).Message;
    }

    static ActorCriticRecipe Recipe(TinyRuns runs, string method, string output, int steps)
    {
        var recipe = (ActorCriticRecipe)runs.Recipe(method, output, steps);
        return recipe with
        {
            RewardModel = "",
            Rewards = [new RegexReward { Pattern = "[aeiou]" }],
            Training = recipe.Training with { BatchSize = 16, MicroBatchSize = 0 },
            Optimizer = recipe.Optimizer with { LearningRate = 3e-3 },
            Kl = new() { Coef = 0.001 },
        };
    }
}
