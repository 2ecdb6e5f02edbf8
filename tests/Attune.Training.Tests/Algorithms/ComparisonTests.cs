using Attune.Data;
using Attune.Generation;
using Attune.Models.Adapters;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.OnPolicy;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Online DPO, XPO and Nash-MD as runs, and how their pairs are made.</summary>
public sealed class ComparisonTests : IDisposable
{
    readonly TinyRuns runs = new(layers: 2);
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Methods => ["online-dpo", "xpo", "nash-md"];

    public void Dispose()
    {
        scope.Dispose();
        runs.Dispose();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Score_OfARun_Rises(string method)
    {
        var display = new RecordingDisplay();
        runs.Start(method, (OnPolicyRecipe)runs.Recipe(method, "a", steps: 60) with
        {
            RewardModel = "",
            Rewards = [new RegexReward { Pattern = "e" }],
            Optimizer = new() { LearningRate = 3e-3 },
            Training = new() { BatchSize = 32, Steps = 60 },
            Kl = new() { Coef = 0.05, In = KlPlace.Loss },
        }, display);
        var (first, last) = (Score(display.Steps.Take(8)), Score(display.Steps.TakeLast(8)));
        Assert.True(last > first + 0.1, $"the score went from {first} to {last}");
        Assert.True(display.Steps[^1]["objective/kl"] > 0.1);
        Assert.All(display.Steps, step => Assert.InRange(step["responses/groups_without_signal"], 0, 1));

        static double Score(IEnumerable<IReadOnlyDictionary<string, double>> steps) => steps.Average(step => step["objective/scores"]);
    }

    [Fact]
    public void OnlineDpo_SeveralResponses_ComparesTheBestWithTheWorst()
    {
        var (experience, step) = Estimate([3, 1, 2, /**/ 5, 5, 5, /**/ 0, 4, -1]);
        Assert.Equal([[0], [1], [7], [8]], experience.Rollouts.Tokens);
        Assert.Equal([1, -1, 1, -1], experience.Advantages.Select(1, 0).ToArray<float>());
        Assert.Equal(7 / 3.0, step.Metrics["objective/scores_margin"], 6);
    }

    [Fact]
    public void OnlineDpo_OnlyTies_HaveNoLoss()
    {
        var (experience, _) = Estimate([1, 1, 1, /**/ 2, 2, 2, /**/ 0, 0, 0]);
        Assert.Equal(6, experience.Rollouts.Count);
        var logprobs = experience.Advantages.ZerosLike() - 1;
        var rollouts = experience.Rollouts with { RefLogprobs = logprobs };
        var loss = new OnlineDpo(new OnlineDpoOptions(), new(new() { Coef = 0.1 })).Compute(
            experience with { Rollouts = rollouts }, new(logprobs, null, null), experience.Size);
        Assert.Equal(0, loss.Value.Item());
    }

    /// <summary>Three prompts with three responses each; the token of a response is its row.</summary>
    static (Experience, TrainingStep) Estimate(double[] scores)
    {
        var rollouts = Rollouts.From(
            [.. Enumerable.Range(0, 3).Select(at => new TokenPrompt([at], ""))],
            [.. scores.Select((_, row) => new Response([row], [-1], [], true))], Device.Cpu);
        var step = new TrainingStep(1);
        return (new OnlineDpo(new OnlineDpoOptions(), new(new())).Estimate(rollouts, Scores.FromTotals(scores), step), step);
    }

    [Theory]
    [InlineData("gpt2", 0, 0)]
    [InlineData("gpt2", 0.3, 0)]
    [InlineData("gpt2", 1, 0)]
    [InlineData("gpt2", 0.3, 2)]
    [InlineData("t5", 0.3, 0)]
    public void Mixture_SampledResponses_HaveTheLogprobsOfTheMixture(string family, double coef, int loraRank)
    {
        using var tiny = new TinyRuns(family, layers: 2);
        using var random = new RandomSource(3);
        using var noGrad = Autograd.NoGrad();
        var model = ModelFolder.LoadLanguageModel(tiny.LanguageModel, Device.Cpu);
        var policy = new Policy(model, TinyData.Tokenizer, new() { MaxNewTokens = 6, Temperature = 0.9 }) { Critic = null };
        var reference = loraRank > 0 ? policy.WithAdapterOff() : policy.With(ModelFolder.LoadLanguageModel(tiny.LanguageModel, Device.Cpu));
        var changed = loraRank > 0
            ? Lora.Create(model, new() { ["r"] = loraRank, ["target_modules"] = "all-linear" }, random).NamedParameters()
            : model.NamedParameters();
        foreach (var (_, parameter) in changed)
            parameter.Value.AddInPlace(Tensor.Normal([.. parameter.Shape], 0, 0.2, random));
        var mixture = policy.MixedWith(reference, coef);

        var rollouts = mixture.Respond([new([5, 6, 7], ""), new([8], "")], random, samples: 2);

        var (own, other) = (policy.Distribution(rollouts), reference.Distribution(rollouts));
        var mixed = (own * (1 - coef) + other * coef).LogSoftmax(-1).Reshape(rollouts.Count, rollouts.Mask.Size(1), -1);
        var tokens = TensorBatch.Longs(PaddedRows.From([.. rollouts.Tokens], 0).Tokens, Device.Cpu).Reshape(rollouts.Count, -1, 1);
        var expected = mixed.Gather(2, tokens).Squeeze(2);
        Assert.True((own - other).Abs().ToArray<float>().Max() > 0.1);
        AssertSame(expected, rollouts.Logprobs);
        AssertSame(expected, mixture.Logprobs(rollouts));

        void AssertSame(Tensor mixed, Tensor actual) => Assert.InRange(
            (mixed - actual).MaskedFill(!rollouts.Mask, 0).Abs().ToArray<float>().Max(), 0, 1e-4);
    }

    [Fact]
    public void Recipes_WithOptionsThatCannotWork_AreRefused()
    {
        Assert.Contains("`updates.samplesPerPrompt` must be at least 2", Error("online-dpo", "updates.samplesPerPrompt=1"));
        Assert.Contains("`kl.coef` must be above 0: it is β of the loss", Error("online-dpo", "kl.coef=0"));
        Assert.Contains(
            "`onlineDpo.loss` must be losses of single pairs: not aot, aotUnpaired and sft", Error("online-dpo", "onlineDpo.loss=aot"));
        Assert.Contains("`kl.in` must be loss", Error("xpo", "kl.in=reward"));
        Assert.Contains("`kl.estimator` must be k1, abs, k2 or k3", Error("xpo", "kl.estimator=full"));
        Assert.Contains("`updates.samplesPerPrompt` must be 1", Error("xpo", "updates.samplesPerPrompt=2"));
        Assert.Contains("`updates.epochs` must be 1", Error("nash-md", "updates.epochs=2"));
        Assert.Contains("use `kl.coef`", Error("nash-md", "beta=0.2"));
        Assert.Contains("use `nashMd.mixtureCoef`", Error("nash-md", "mixture_coef=0.2"));
    }

    static string Error(string method, string word)
    {
        string[] words = ["model=.", "rewardModel=.", "data.train=.", word];
        return Assert.Throws<InvalidDataException>(() => RecipeReader.Read(method, null, words)).Message;
    }
}
