using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Training.Tests;

/// <summary>All forms of the reference give the same numbers: those of the model before training.</summary>
public sealed class ReferenceTests : IDisposable
{
    static readonly Dictionary<string, ParameterOptions> Forms = new(StringComparer.Ordinal)
    {
        ["all"] = new(),
        ["top layer"] = new() { TopLayers = 1 },
        ["lora"] = new() { Lora = new() { Rank = 2 } },
    };

    readonly TinyRuns runs = new(layers: 2);
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string, ReferenceKind> FormsAndKinds =>
        [.. from form in Forms.Keys from kind in (ReferenceKind[])[ReferenceKind.Kept, ReferenceKind.Precomputed] select (form, kind)];

    public void Dispose()
    {
        scope.Dispose();
        runs.Dispose();
    }

    [Theory]
    [MemberData(nameof(FormsAndKinds))]
    public void Logprobs_AfterThePolicyMoved_AreThoseBeforeTraining(string form, ReferenceKind kind)
    {
        var responses = TwoResponses();
        var (policy, trained, logprobs) = Referenced(form, kind);
        var before = policy.SequenceLogprobs(responses).ToArray<float>();
        logprobs.Prepare([responses]);
        Move(trained);
        Assert.NotEqual(before, policy.SequenceLogprobs(responses).ToArray<float>());
        Numeric.Close(Doubles(before), Doubles(logprobs.Of(responses).ToArray<float>()), "sums", 1e-5, 1e-5);
        var alone = responses.Select([1]);
        Numeric.Close(
            Doubles(before[1..]), Doubles(logprobs.PerToken(alone).Sum(1).ToArray<float>()), "the sum of a response's tokens", 1e-5, 1e-5);
    }

    [Fact]
    public void Logprobs_WithSharedFrozenActivations_AreTheSame()
    {
        var responses = TwoResponses();
        var (policy, trained, logprobs) = Referenced("top layer", ReferenceKind.Kept);
        Move(trained);
        var shared = policy.WithFrozenActivations(responses);
        Assert.Equal(1, shared.FrozenActivations!.Layer);
        Numeric.Close(Doubles(policy.SequenceLogprobs(responses).ToArray<float>()),
            Doubles(policy.SequenceLogprobs(shared).ToArray<float>()), "policy", 1e-5, 1e-5);
        Numeric.Close(Doubles(logprobs.Of(responses).ToArray<float>()), Doubles(logprobs.Of(shared).ToArray<float>()), "reference", 1e-5,
            1e-5);
    }

    [Theory]
    [InlineData("all", ReferenceKind.Kept)]
    [InlineData("all", ReferenceKind.Precomputed)]
    [InlineData("lora", ReferenceKind.Kept)]
    [InlineData("lora", ReferenceKind.Precomputed)]
    public void Reference_OfAnAdapterFolder_IsTheModelWithThatAdapter(string form, ReferenceKind kind)
    {
        var sft = (SftRecipe)runs.Recipe("sft", "sft", steps: 5);
        var adapter = runs.Start("sft", sft with
        {
            Parameters = new() { Lora = new() { Rank = 2, Merge = false } },
            Optimizer = sft.Optimizer with { LearningRate = 1e-2 },
        }).Model;
        Assert.True(Peft.IsAdapter(adapter));
        var recipe = (DpoRecipe)runs.Recipe("dpo", "dpo", steps: 1);
        var display = new RecordingDisplay();
        runs.Start("dpo", recipe with { Model = adapter, Parameters = Forms[form], Reference = new() { Kind = kind } }, display);
        Assert.Equal(0, display.Steps[0]["rewards/chosen"], 1e-5);
        Assert.Equal(0, display.Steps[0]["rewards/rejected"], 1e-5);
        Assert.True(Math.Abs(display.Steps[0]["logps/chosen"] - LogprobsOfTheBase()) > 0.1, "the adapter was ignored");

        double LogprobsOfTheBase()
        {
            var start = new RecordingDisplay();
            runs.Start("dpo", (DpoRecipe)runs.Recipe("dpo", "base", steps: 1), start);
            return start.Steps[0]["logps/chosen"];
        }
    }

    [Theory]
    [InlineData("all")]
    [InlineData("lora")]
    public void Precomputed_CancelledAndResumed_EndsWithTheSameBits(string form)
    {
        var whole = runs.Start("dpo", Recipe("whole"));
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(() => runs.Start("dpo", Recipe("parts"), display, display.Token));
        Assert.True(File.Exists(Path.Combine(runs.PathTo("parts"), "reference-logprobs.safetensors")));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("parts")));

        DpoRecipe Recipe(string output) => (DpoRecipe)runs.Recipe("dpo", output) with
        {
            Parameters = Forms[form],
            Reference = new() { Kind = ReferenceKind.Precomputed },
        };
    }

    [Fact]
    public void Precomputed_InAResumedRun_AreReadAndNotComputedAgain()
    {
        var responses = TwoResponses();
        var first = Prepare(seed: 1, out _);
        Assert.Equal(first, Prepare(seed: 2, out var notices));
        Assert.Empty(notices);
        File.WriteAllBytes(new Reporting.Runs.RunFolder(runs.PathTo("own")).ReferenceLogprobs, [1, 2, 3]);
        Assert.NotEqual(first, Prepare(seed: 2, out notices));
        Assert.Contains("computed again", Assert.Single(notices));

        float[] Prepare(ulong seed, out IReadOnlyList<string> notices)
        {
            var display = new RecordingDisplay();
            using var run = new Run(new() { Output = runs.PathTo("own"), Device = "cpu" }, display);
            var logprobs = Referenced("all", ReferenceKind.Precomputed, TinyModel.Gpt2(seed), run).Logprobs;
            logprobs.Prepare([responses, responses.Select([0])]);
            _ = run.Steps(1).Count();
            notices = display.Notices;
            return logprobs.PerToken(responses).ToArray<float>();
        }
    }

    static (Policy Policy, TrainedParameters Trained, ReferenceLogprobs Logprobs) Referenced(
        string form, ReferenceKind kind, LanguageModel? model = null, Run? run = null)
    {
        model ??= TinyModel.Gpt2();
        var policy = new Policy(model, TinyData.Tokenizer, new());
        var trained = TrainedParameters.Select(model, Forms[form], seed: 1);
        var reference = new Reference(
            new() { Kind = kind }, policy, trained, () => throw new InvalidOperationException("nothing is loaded on fixed data"))
        {
            Saved = run is null ? null : new(run),
        };
        return (policy, trained, new(reference));
    }

    static void Move(TrainedParameters trained)
    {
        using var noGrad = Autograd.NoGrad();
        using var random = new RandomSource(3);
        foreach (var (_, parameter) in trained.Named)
            parameter.Value.NormalInPlace(0, 0.2, random);
    }

    static Responses TwoResponses() =>
        Responses.From([new([5, 6, 7], ""), new([8], "")], [[9, 10], [11, 12, 13, 14]], Device.Cpu);

    static double[] Doubles(float[] numbers) => Array.ConvertAll(numbers, number => (double)number);
}
