using Attune.Generation;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.Options;
using Attune.Training.Policies;
using Attune.Training.Recipes;

namespace Attune.Training.Tests;

/// <summary>Sampling in PPO: every option is in the log-probabilities too, so that the first ratio is 1.</summary>
public sealed class PpoSamplingTests : IDisposable
{
    readonly TinyRuns runs = new(layers: 2);

    public static IReadOnlyDictionary<string, SamplingOptions> Samplings { get; } =
        new Dictionary<string, SamplingOptions>(StringComparer.Ordinal)
    {
        ["temperature"] = new() { Temperature = 0.6 },
        ["top-k"] = new() { TopK = 4 },
        ["top-p"] = new() { TopP = 0.5, Temperature = 1.5 },
        ["min-p"] = new() { MinP = 0.2 },
        ["typical"] = new() { TypicalP = 0.6 },
        ["penalties"] = new() { RepetitionPenalty = 1.4, FrequencyPenalty = 0.3, PresencePenalty = 0.2 },
        ["n-grams"] = new() { NoRepeatNgramSize = 2, TopK = 8 },
        ["least length"] = new() { MinNewTokens = 5 },
        ["top-h"] = new() { TopH = 0.5 },
        ["cutoffs"] = new() { EpsilonCutoff = 0.02, EtaCutoff = 0.1, Temperature = 1.3 },
        ["biases"] = new() { SequenceBias = [new() { Tokens = [7], Bias = 3 }, new() { Tokens = [7, 9], Bias = -4 }] },
        ["tokens that are left out"] = new() { BadWordsIds = [[5], [7, 8]], SuppressTokens = [11], BeginSuppressTokens = [12, 13] },
        ["tokens that are forced"] = new() { ForcedBosTokenId = 9, ForcedEosTokenId = 4, Temperature = 0.7 },
        ["decay"] = new() { ExponentialDecayLengthPenalty = new() { Start = 1, Factor = 1.5 }, TopP = 0.9 },
        ["invalid values and normalisation"] = new() { RemoveInvalidValues = true, RenormalizeLogits = true, TopK = 6 },
    };

    public static TheoryData<string> SamplingNames => [.. Samplings.Keys];

    public void Dispose() => runs.Dispose();

    PpoRecipe Recipe => (PpoRecipe)runs.Recipe("ppo", "run");

    [Fact]
    public void Filters_OfThePolicy_CountInSamplingAndInLogprobs()
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(3);
        int[] allowed = [5, 9, 14, 20];
        var policy = new Policy(TinyModel.Gpt2(), TinyData.Tokenizer, new() { MaxNewTokens = 8 }, [new AllowedTokensFilter(_ => allowed)]);
        using var noGrad = Autograd.NoGrad();
        var rollouts = policy.Respond([new([5, 6, 7], "")], random, samples: 3);
        Assert.All(rollouts.Tokens, response => Assert.Subset(allowed.ToHashSet(), response.ToHashSet()));
        Numeric.Close([.. rollouts.Logprobs.ToArray<float>()], policy.Logprobs(rollouts).ToArray<float>(), "log-probabilities", 1e-5, 1e-5);
    }

    [Fact]
    public void OptionsOfSamplingThatPpoCannotLearnFromAreRefused()
    {
        var guided = Recipe with { Sampling = new() { GuidanceScale = 2 } };
        Assert.Contains(Validation.Check(guided), problem =>
            problem.StartsWith("`sampling.guidanceScale` must be 1", StringComparison.Ordinal));
        var full = Recipe with { Sampling = new() { SuppressTokens = [3] }, Kl = new() { Estimator = KlEstimator.Full } };
        Assert.Contains(Validation.Check(full), problem => problem.StartsWith("`kl.estimator` must be k1", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(SamplingNames))]
    public void TheFirstRatioIsOneUnderEverySettingOfSampling(string name)
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(3);
        var policy = new Policy(TinyModel.Gpt2(), TinyData.Tokenizer, Samplings[name] with { MaxNewTokens = 12 });
        policy.Model.SetTrainable(true);
        Rollouts rollouts;
        using (Autograd.NoGrad())
            rollouts = policy.Respond([new([5, 6, 7], ""), new([8], "")], random, samples: 4);
        var analysis = policy.Analyze(rollouts, withEntropy: true);
        Numeric.Close(
            [.. rollouts.Logprobs.ToArray<float>()], analysis.Logprobs.ToArray<float>(), "log-probabilities", 1e-5, 1e-5,
            rollouts.Mask.ToArray<bool>());
        Assert.All(analysis.Entropy!.ToArray<float>(), nats => Assert.True(float.IsFinite(nats)));
        (analysis.Logprobs.Sum() + analysis.Entropy.Sum()).Backward();
        Assert.All(policy.Model.Parameters, parameter =>
            Assert.True(parameter.Value.Grad is not { } gradient || gradient.IsFinite().All().Item() != 0));
    }

    [Fact]
    public void AStopStringEndsAnAnswerAndIsNoPartOfIt()
    {
        using var scope = TensorScope.Open();
        using var noGrad = Autograd.NoGrad();
        using var random = new RandomSource(3);
        var tokenizer = TinyData.Tokenizer;
        var model = Pretrained.LoadLanguageModel(runs.LanguageModel);
        var sampling = new SamplingOptions { MaxNewTokens = 40, Stop = ["t", "e"] };
        var rollouts = new Policy(model, tokenizer, sampling).Respond([new(tokenizer.Encode("The cat"), "The cat")], random, samples: 16);
        Assert.Contains(rollouts.Completions, completion => completion.StopString is "t" or "e");
        Assert.All(rollouts.Completions, completion =>
        {
            Assert.DoesNotContain(sampling.Stop, stop => tokenizer.TextOf(completion).Contains(stop, StringComparison.Ordinal));
            if (completion.StopString is { } stop)
                Assert.Contains(stop, tokenizer.Decode(completion.Tokens), StringComparison.Ordinal);
        });
    }
}
