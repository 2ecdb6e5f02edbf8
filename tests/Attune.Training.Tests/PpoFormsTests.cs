using Attune.Generation;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Models.Heads;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;

namespace Attune.Training.Tests;

/// <summary>PPO with all kinds of critics, references, KL penalties and sampling options.</summary>
public sealed class PpoFormsTests : IDisposable
{
    readonly TinyRuns runs = new(layers: 2);

    /// <summary>Options that must each change the result of two steps.</summary>
    public static IReadOnlyDictionary<string, Func<PpoRecipe, PpoRecipe>> Options { get; } =
        new Dictionary<string, Func<PpoRecipe, PpoRecipe>>(StringComparer.Ordinal)
    {
        ["updates.epochs"] = Updates(updates => updates with { Epochs = 1 }),
        ["updates.miniBatches"] = Updates(updates => updates with { MiniBatches = 1 }),
        ["updates.samplesPerPrompt"] = Updates(updates => updates with { SamplesPerPrompt = 2 }),
        ["kl.coef"] = Kl(kl => kl with { Coef = 5 }),
        ["kl.estimator abs"] = Kl(kl => kl with { Estimator = KlEstimator.Abs }),
        ["kl.estimator k2"] = Kl(kl => kl with { Estimator = KlEstimator.K2 }),
        ["kl.estimator k3"] = Kl(kl => kl with { Estimator = KlEstimator.K3 }),
        ["kl.estimator full"] = Kl(kl => kl with { Estimator = KlEstimator.Full }),
        ["kl.in"] = Kl(kl => kl with { In = KlPlace.Loss }),
        ["kl.in, k3"] = Kl(kl => kl with { In = KlPlace.Loss, Estimator = KlEstimator.K3 }),
        ["kl.in, full"] = Kl(kl => kl with { In = KlPlace.Loss, Estimator = KlEstimator.Full }),
        ["kl.controller adaptive"] = Kl(kl => kl with { Controller = KlControl.Adaptive, Target = 1, Horizon = 20 }),
        ["kl.controller rl4lms"] = Kl(kl => kl with { Controller = KlControl.Rl4Lms, Target = 1 }),
        ["kl.horizon"] = Kl(kl => kl with { Controller = KlControl.Adaptive, Target = 1, Horizon = 40 }),
        ["ppo.clipRange"] = Ppo(ppo => ppo with { ClipRange = 0.001 }),
        ["ppo.dualClip"] = Ppo(ppo => ppo with { DualClip = 1.0001 }),
        ["ppo.valueClipRange"] = Ppo(ppo => ppo with { ValueClipRange = 0.0001 }),
        ["ppo.valueCoef"] = Ppo(ppo => ppo with { ValueCoef = 1 }),
        ["ppo.entropyCoef"] = Ppo(ppo => ppo with { EntropyCoef = 0.1 }),
        ["ppo.gamma"] = Ppo(ppo => ppo with { Gamma = 0.9 }),
        ["ppo.gaeLambda"] = Ppo(ppo => ppo with { GaeLambda = 0.5 }),
        ["ppo.whitenAdvantages"] = Ppo(ppo => ppo with { WhitenAdvantages = false }),
        ["ppo.whitenRewards"] = Ppo(ppo => ppo with { WhitenRewards = true }),
        ["ppo.targetKl"] = Ppo(ppo => ppo with { TargetKl = 1e-9 }),
        ["ppo.ratioThreshold"] = Ppo(ppo => ppo with { RatioThreshold = 0.999 }),
        ["ppo.valueGaeLambda"] = Ppo(ppo => ppo with { ValueGaeLambda = 0.5 }),
        ["ppo.gaeLambdaAlpha"] = Ppo(ppo => ppo with { GaeLambdaAlpha = 0.5 }),
        ["ppo.divergenceType binaryTv"] = Ppo(ppo => ppo with { DivergenceType = DivergenceType.BinaryTv, ClipRange = 1e-5 }),
        ["ppo.divergenceType binaryKl"] = Ppo(ppo => ppo with { DivergenceType = DivergenceType.BinaryKl, ClipRange = 1e-5 }),
        ["ppo.covariance.clipCovRatio"] = Covariance(new() { ClipCovRatio = 0.5, ClipCovLb = -100, ClipCovUb = 100 }),
        ["ppo.covariance.clipCovLb"] = Covariance(new() { ClipCovRatio = 0.5, ClipCovLb = 0, ClipCovUb = 100 }),
        ["ppo.covariance.clipCovUb"] = Covariance(new() { ClipCovRatio = 0.5, ClipCovLb = -100, ClipCovUb = 0 }),
        ["ppo.covariance.klCovRatio"] = Covariance(new() { KlCovRatio = 0.5 }),
        ["ppo.covariance.klCovCoef"] = Covariance(new() { KlCovRatio = 0.5, KlCovCoef = 5 }),
        ["average.decay"] = recipe => recipe with { Average = new() { Decay = 0.5 } },
        ["critic branch"] = recipe => recipe with { Critic = new() { Kind = CriticKind.Branch, Layers = 1 } },
        ["critic.layers"] = recipe => recipe with { Critic = new() { Kind = CriticKind.Branch, Layers = 2 } },
        ["critic model"] = recipe => recipe with { Critic = new() { Kind = CriticKind.Model } },
        ["critic.warmupSteps"] = recipe => recipe with { Critic = new() { WarmupSteps = 1 } },
        ["reference synchronised"] = recipe => recipe with { Reference = new() { Kind = ReferenceKind.Synchronised, SyncRate = 0.5 } },
        ["reference.syncRate"] = recipe => recipe with { Reference = new() { Kind = ReferenceKind.Synchronised, SyncRate = 1 } },
        ["parameters.topLayers"] = recipe => recipe with { Parameters = new() { TopLayers = 1 } },
        ["parameters.lora"] = recipe => recipe with { Parameters = new() { Lora = new() { Rank = 2 } } },
        ["sampling.topK"] = recipe => recipe with { Sampling = recipe.Sampling with { TopK = 20 } },
        ["sampling.topP"] = recipe => recipe with { Sampling = recipe.Sampling with { TopP = 0.8 } },
        ["sampling.temperature"] = recipe => recipe with { Sampling = recipe.Sampling with { Temperature = 0.5 } },
        ["sampling.stop"] = recipe =>
            recipe with { Sampling = recipe.Sampling with { Stop = [.. "abcdefghijklmnop".Select(letter => $"{letter}")] } },
        ["sampling.minNewTokens"] = recipe => recipe with { Sampling = recipe.Sampling with { MinNewTokens = 8, MaxNewTokens = 8 } },
        ["sampling.topH"] = Sampling(sampling => sampling with { TopH = 0.5 }),
        ["sampling.epsilonCutoff"] = Sampling(sampling => sampling with { EpsilonCutoff = 0.02 }),
        ["sampling.etaCutoff"] = Sampling(sampling => sampling with { EtaCutoff = 0.2 }),
        ["sampling.badWords"] = Sampling(sampling => sampling with { BadWords = [.. "aeiou".Select(letter => $"{letter}")] }),
        ["sampling.badWordsIds"] = Sampling(sampling => sampling with
        {
            BadWordsIds = [.. Enumerable.Range(100, 60).Select(id => (int[])[id])],
        }),
        ["sampling.sequenceBias"] = Sampling(sampling => sampling with { SequenceBias = [new() { Text = "e", Bias = 6 }] }),
        ["sampling.suppressTokens"] = Sampling(sampling => sampling with { SuppressTokens = [.. Enumerable.Range(20, 60)] }),
        ["sampling.beginSuppressTokens"] = Sampling(sampling => sampling with { BeginSuppressTokens = [.. Enumerable.Range(20, 60)] }),
        ["sampling.forcedBosTokenId"] = Sampling(sampling => sampling with { ForcedBosTokenId = 40 }),
        ["sampling.forcedEosTokenId"] = Sampling(sampling => sampling with { ForcedEosTokenId = 41 }),
        ["sampling.exponentialDecayLengthPenalty"] = Sampling(sampling => sampling with
        {
            ExponentialDecayLengthPenalty = new() { Start = 2, Factor = 4 },
        }),
    };

    public static TheoryData<string> Forms =>
        ["kl.estimator full", "kl.in, full", "kl.controller rl4lms", "ppo.targetKl", "ppo.covariance.clipCovRatio", "average.decay",
        "critic branch", "critic model", "critic.warmupSteps", "reference synchronised", "parameters.topLayers", "sampling.topP", "mix"];

    public void Dispose() => runs.Dispose();

    [Fact]
    public void EveryOptionChangesTheOutcome()
    {
        var outcomes =
            Options.ToDictionary(option => option.Key, option => Outcome(option.Value(Recipe(option.Key))), StringComparer.Ordinal);
        outcomes["none"] = Outcome(Recipe("none"));
        outcomes["mix.text"] = Outcome(Mixed("mix", steps: 2));
        outcomes["mix.coef"] = Outcome(Mixed("mix-coef", steps: 2, mix => mix with { Coef = 0.1 }));
        outcomes["mix.rows"] = Outcome(Mixed("mix-rows", steps: 2, mix => mix with { Rows = 1 }));
        var alike = outcomes.GroupBy(outcome => Convert.ToHexString(outcome.Value), StringComparer.Ordinal)
            .Where(group => group.Count() > 1)
            .Select(group => string.Join(" = ", group.Select(outcome => outcome.Key)));
        Assert.Empty(alike);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void ACancelledRunOfEveryFormGoesOnToTheSameBits(string form)
    {
        var whole = runs.Start("ppo", Formed("whole"));
        var display = new RecordingDisplay(cancelAfter: 2);
        Assert.Throws<OperationCanceledException>(() => runs.Start("ppo", Formed("parts"), display, display.Token));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("parts")));

        IRecipe Formed(string output) => form == "mix" ? Mixed(output) : Options[form](Recipe(output, steps: 4));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void WhatLowerLayersComputedNeedNotBeReadAgain(string family)
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(3);
        var model = TinyModel.Of(family);
        TrainedParameters.Select(model, new() { TopLayers = 1 }, seed: 1);
        var policy = new Policy(model, TinyData.Tokenizer, new() { MaxNewTokens = 6 });
        Assert.Equal(1, policy.FrozenLayer);
        using var noGrad = Autograd.NoGrad();
        var rollouts = policy.Respond([new([5, 6, 7], ""), new([8], "")], random);
        var read = rollouts with { FrozenActivations = new(1, policy.StatesBelow(1, rollouts)) };
        Numeric.Close(Doubles(policy.Analyze(rollouts).Logprobs), policy.Analyze(read).Logprobs.ToArray<float>(), "both", 1e-5, 1e-5);
        Numeric.Close(
            Doubles(policy.Analyze(rollouts.Select([1])).Logprobs), policy.Analyze(read.Select([1])).Logprobs.ToArray<float>(), "one", 1e-5,
            1e-5);
    }

    [Fact]
    public void ABranchBeginsWhereThePolicyIs()
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(3);
        var model = TinyModel.Gpt2();
        var critic = new BranchCritic(model, layers: 1, random);
        var names = critic.Parameters.Select(parameter => parameter.Name).ToList();
        Assert.Contains("critic.transformer.h.1.mlp.c_fc.weight", names);
        Assert.Contains("critic.v_head.summary.weight", names);
        Assert.DoesNotContain(
            names, name => name.Contains("h.0", StringComparison.Ordinal) || name.Contains("wte", StringComparison.Ordinal));

        // With the same head, an untrained branch gives the values of a head on the policy.
        foreach (var head in new[] { critic.Parameters.First(parameter =>
            parameter.Name.EndsWith("summary.weight", StringComparison.Ordinal)).Value, Head(model).Parameters.First() })
            head.Value.Detach().FillInPlace(0.25);
        var policy = new Policy(model, TinyData.Tokenizer, new() { MaxNewTokens = 6 });
        using var noGrad = Autograd.NoGrad();
        var rollouts = policy.Respond([new([5, 6, 7], "")], random);
        var branched = new Policy(model, TinyData.Tokenizer, new()) { Critic = critic };
        Numeric.Close(Doubles(rollouts.Values!), branched.Values(rollouts).ToArray<float>(), "values", 1e-5, 1e-5);

        static ValueHead Head(LanguageModel model)
        {
            using var random = new RandomSource(1);
            model.AddValueHead().Initialize(random);
            return model.ValueHead!;
        }
    }

    [Fact]
    public void AWarmUpLeavesThePolicyAsItIs()
    {
        var before = LanguageModelOf(runs.LanguageModel);
        var recipe = Recipe("warm") with { Critic = new() { WarmupSteps = 2 } };
        var after = LanguageModelOf(runs.Start("ppo", recipe).Model);
        Assert.Equal(before.Body, after.Body);
        Assert.NotNull(after.Head);
        Assert.Contains(after.Head, weight => weight != 0);
    }

    [Fact]
    public void AReferenceThatIsReadAgainIsTheOneThatWasKept() =>
        Assert.Equal(Outcome(Recipe("kept")), Outcome(Recipe("read") with { Reference = new() { Kind = ReferenceKind.Precomputed } }));

    [Fact]
    public void ASynchronisedReferenceMovesInItsRhythm()
    {
        // Two steps: a reference that is updated after the second has not changed yet when it is used.
        var kept = Outcome(Recipe("kept"));
        Assert.Equal(kept, Outcome(Following("late", 2)));
        Assert.NotEqual(kept, Outcome(Following("soon", 1)));

        PpoRecipe Following(string output, int every) =>
            Recipe(output) with { Reference = new() { Kind = ReferenceKind.Synchronised, SyncEvery = every, SyncRate = 0.5 } };
    }

    [Fact]
    public void MicroBatchesByTokensGiveTheStepOfTheWholeBatch()
    {
        var (whole, parts) =
            (First(new BatchOptions { BatchSize = 6, Steps = 1 }, "a"), First(
            new BatchOptions { BatchSize = 6, Steps = 1, MicroBatchTokens = 30 }, "b"));
        Numeric.Close(whole["loss"], parts["loss"], "loss", 1e-6, 1e-4);
        Numeric.Close(whole["grad_norm"], parts["grad_norm"], "norm of the gradient", 1e-6, 1e-3);

        IReadOnlyDictionary<string, double> First(BatchOptions training, string output)
        {
            var display = new RecordingDisplay();
            var recipe = Recipe(output);
            runs.Start("ppo", recipe with { Training = training, Updates = recipe.Updates with { Epochs = 1, MiniBatches = 1 } }, display);
            return display.Steps[0];
        }
    }

    [Fact]
    public void TextMixedInIsLearned()
    {
        var display = new RecordingDisplay();
        runs.Start("ppo", Mixed("mixed"), display);
        Assert.True(display.Steps[^1]["loss/text"] < display.Steps[0]["loss/text"]);
        Assert.NotEqual(Outcome(Recipe("plain", steps: 4)), TinyRuns.Weights(runs.Start("ppo", Mixed("again"))));
    }

    [Fact]
    public void ACriticOfItsOwnIsWrittenBesideTheModel()
    {
        var run = runs.Start("ppo", Recipe("own") with { Critic = new() { Kind = CriticKind.Model } });
        using var scope = TensorScope.Open();
        using var critic = new RandomSource(1);
        Assert.NotNull(Pretrained.LoadRewardModel(Path.Combine(run.Model, "critic")));
        Assert.Null(Pretrained.LoadLanguageModel(run.Model).ValueHead);
    }

    [Fact]
    public void Save_ValueHead_IsInAFileOfItsOwnAndPpoContinuesWithIt()
    {
        var run = runs.Start("ppo", Recipe("first"));
        Assert.DoesNotContain(
            SafetensorsHeader.Read(Path.Combine(run.Model, "model.safetensors")).Entries.Keys,
            name => name.StartsWith("v_head", StringComparison.Ordinal));
        var head = LanguageModelOf(run.Model).Head!;
        Assert.Contains(head, weight => weight != 0);
        var (withHead, withoutHead) = (FirstStep(run.Model, "with"), FirstStep(WithoutHead(run.Model), "without"));
        Assert.Equal(withoutHead["objective/scores"], withHead["objective/scores"]);
        Assert.NotEqual(withoutHead["loss/value"], withHead["loss/value"]);

        IReadOnlyDictionary<string, double> FirstStep(string model, string output)
        {
            var display = new RecordingDisplay();
            runs.Start("ppo", Recipe(output, steps: 1) with { Model = model }, display);
            return display.Steps[0];
        }

        string WithoutHead(string model)
        {
            var language = Pretrained.LoadLanguageModel(model);
            language.RemoveHead(ValueHead.Name);
            ModelFolder.Save(runs.PathTo("headless"), language, TinyData.Tokenizer);
            return runs.PathTo("headless");
        }
    }

    [Fact]
    public void APunishedTokenWeighsNoMoreThanTheDualClipAllows()
    {
        using var scope = TensorScope.Open();
        var loss = PolicyLosses.Clipped(Tensor.From([10.0, 10, 0.1], 3), Tensor.From([-1.0, 1, -1], 3), 0.2, 0.2, dualClip: 3);
        Numeric.Close([3, -1.2, 0.8], loss.ToArray<double>(), "loss", 1e-9);
    }

    static Func<PpoRecipe, PpoRecipe> Updates(Func<UpdateOptions, UpdateOptions> change) => recipe =>
        recipe with { Updates = change(recipe.Updates) };

    static Func<PpoRecipe, PpoRecipe> Kl(Func<KlOptions, KlOptions> change) => recipe => recipe with { Kl = change(recipe.Kl) };

    static Func<PpoRecipe, PpoRecipe> Sampling(Func<SamplingOptions, SamplingOptions> change) =>
        recipe => recipe with { Sampling = change(recipe.Sampling) };

    static Func<PpoRecipe, PpoRecipe> Ppo(Func<PpoOptions, PpoOptions> change) => recipe => recipe with { Ppo = change(recipe.Ppo) };

    static Func<PpoRecipe, PpoRecipe> Covariance(CovarianceOptions covariance) => Ppo(ppo => ppo with { Covariance = covariance });

    PpoRecipe Recipe(string output, int steps = 2)
    {
        var recipe = (PpoRecipe)runs.Recipe("ppo", output.Replace(' ', '-'), steps);
        return recipe with
        {
            Training = recipe.Training with { BatchSize = 6 },
            Sampling = recipe.Sampling with { MaxNewTokens = 10 },
            Updates = new() { Epochs = 2, MiniBatches = 2 },
            Ppo = new() { ClipRange = 0.02 },
            Scores = new(),
        };
    }

    PpoRecipe Mixed(string output, int steps = 4, Func<PretrainingMixOptions, PretrainingMixOptions>? change = null)
    {
        var mix = new PretrainingMixOptions { Text = runs.Demonstrations, Rows = 3 };
        return Recipe(output, steps) with { Mix = change?.Invoke(mix) ?? mix };
    }

    byte[] Outcome(PpoRecipe recipe) => TinyRuns.Weights(runs.Start("ppo", recipe));

    static (float[] Body, float[]? Head) LanguageModelOf(string folder)
    {
        using var scope = TensorScope.Open();
        var model = Pretrained.LoadLanguageModel(folder);
        return ([.. model.Backbone.Parameters.SelectMany(parameter => parameter.Value.ToArray<float>())],
            model.ValueHead is null ? null : [.. model.ValueHead.Parameters.SelectMany(parameter => parameter.Value.ToArray<float>())]);
    }

    static double[] Doubles(Tensor tensor) => [.. tensor.ToArray<float>().Select(number => (double)number)];
}
