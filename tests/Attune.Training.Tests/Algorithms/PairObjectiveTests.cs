using Attune.Data;
using Attune.Models;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Offline;
using Attune.Training.Parameters;
using Attune.Training.Policies;

namespace Attune.Training.Tests.Algorithms;

/// <summary>The losses of DPO, CPO, ORPO and TPO with all their options, on a model and its reference.</summary>
public sealed class PairObjectiveTests : IDisposable
{
    /// <summary>Objectives that differ from each other in one option.</summary>
    static readonly Dictionary<string, Func<Policy, Reference, IObjective<TokenComparisons>>> Variants = All()
        .ToDictionary(variant => variant.Name, variant => variant.Create, StringComparer.Ordinal);

    readonly TensorScope scope = TensorScope.Open();
    readonly Policy policy;
    readonly Reference reference;

    public PairObjectiveTests() => (policy, reference) = Create(TinyModel.Gpt2());

    public static TheoryData<string> WithMicroBatches =>
        [.. Variants.Keys.Where(name => !name.StartsWith("dpo loss Aot", StringComparison.Ordinal))];

    static TokenComparisons[] Batch =>
    [
        Pair([5, 6, 7], [8, 9, 0], [10, 0]),
        Pair([5, 6], [11, 0], [12, 13, 14, 15, 0]),
        Pair([5, 6, 7, 8], [9, 16, 17, 18, 0], [19, 20, 0]) with { Comparisons = [new(0, 1) { Share = 0.7 }] },
        new([[5, 9, 0], [5, 10, 11, 0], [5, 12, 0]], 1, ComparisonSet.FromRanks(0, 1, 2).Comparisons) { Reference = [5, 13, 14, 0] },
        Pair([5, 6, 7], [21, 0], [22, 23, 0]),
    ];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(WithMicroBatches))]
    public void Compute_InMicroBatches_GivesLossAndGradientOfTheWholeBatch(string variant)
    {
        var objective = Variants[variant](policy, reference);
        var whole = Step(objective, [Batch]);
        var parts = Step(objective, [Batch[..2], Batch[2..3], Batch[3..]]);
        Numeric.Close(whole.Loss, parts.Loss, "loss", 1e-5, 1e-5);
        Numeric.Close(whole.Gradient, parts.Gradient, "gradient", 1e-5, 1e-4);
    }

    /// <summary>Of one method: DPO without a reference is CPO without the negative log-likelihood.</summary>
    [Fact]
    public void Compute_EveryOption_ChangesLossAndGradient()
    {
        var outcomes = Variants.ToDictionary(
            variant => variant.Key, variant => Step(variant.Value(policy, reference), [Batch]), StringComparer.Ordinal);
        Assert.All(outcomes, one => Assert.All(outcomes.Where(other => IsOtherOf(one.Key, other.Key)), other => Assert.False(
            Math.Abs(one.Value.Loss - other.Value.Loss) < 1e-6
                && one.Value.Gradient.Zip(other.Value.Gradient).Max(pair => Math.Abs(pair.First - pair.Second)) < 1e-7,
            $"{one.Key} is {other.Key}")));

        static bool IsOtherOf(string one, string other) => one != other && one.Split(' ')[0] == other.Split(' ')[0];
    }

    [Fact]
    public void Compute_EncoderDecoder_EveryMethodGivesALoss()
    {
        var (t5, before) = Create(TinyModel.T5());
        foreach (var (name, create) in Variants)
            Assert.True(double.IsFinite(Step(create(t5, before), [Batch]).Loss), name);
    }

    /// <summary>Three of four annotators: three quarters of the loss, and one quarter of that of the reversed pair.</summary>
    [Theory]
    [InlineData("dpo loss Sigmoid")]
    [InlineData("dpo loss ApoDown")]
    [InlineData("cpo loss Simpo")]
    [InlineData("tpo loss TpoL")]
    public void Compute_ShareOfAnnotators_WeightsBothOrders(string variant)
    {
        var pair = Pair([5, 6, 7], [8, 9, 0], [10, 0]);
        var losses = new[] { new Comparison(0, 1) { Share = 0.75 }, new Comparison(0, 1), new Comparison(1, 0) }
            .Select(comparison => PairLoss(pair with { Comparisons = [comparison] })).ToList();
        Numeric.Close(0.75 * losses[1] + 0.25 * losses[2], losses[0], "loss", 1e-5, 1e-5);

        double PairLoss(TokenComparisons example)
        {
            var loss = Compute(Variants[variant](policy, reference), [example]);
            return loss.Value.Item() - (loss.MetricTensors.TryGetValue("nll_loss", out var nll) ? nll.Item() : 0);
        }
    }

    [Fact]
    public void Compute_LdAlpha_IsOfTheTokensBeyondTheShorterResponse()
    {
        // 5 6 7 → 8 9 0 against 10 0: the last token of the chosen response is beyond.
        var pair = Pair([5, 6, 7], [8, 9, 0], [10, 0]);
        var logprobs = policy.Logprobs(Responses.From([new([5, 6, 7], "")], [[8, 9, 0]], Device.Cpu)).ToArray<float>();
        var loss = Compute(new Dpo(policy, null, new() { ReferenceFree = true, LdAlpha = 0.25 }), [pair]);
        Numeric.Close(logprobs[0] + logprobs[1] + 0.25 * logprobs[2], loss.MetricTensors["logps/chosen"].Item(), "log π", 1e-5, 1e-5);
    }

    [Fact]
    public void Compute_Orpo_LearnsPromptsOfChosenResponsesToo()
    {
        var pair = Pair([5, 6, 7], [8, 9, 0], [10, 0]);
        var logprobs = policy.Logprobs(Responses.From([new([5], "")], [[6, 7, 8, 9, 0]], Device.Cpu)).ToArray<float>();
        var loss = Compute(new Orpo(policy, new()), [pair]);
        Numeric.Close(-logprobs.Average(), loss.MetricTensors["nll_loss"].Item(), "nll", 1e-5, 1e-5);
        Numeric.Close(logprobs[2..].Average(), loss.MetricTensors["logps/chosen"].Item(), "log π", 1e-5, 1e-5);
    }

    [Fact]
    public void LogOdds_OfACertainResponse_IsFinite()
    {
        var certain = Tensor.From([0f, -1e-9f], 2);
        certain.RequiresGrad = true;
        var one = certain.Detach() * 0 + 1;
        var odds = Orpo.LogOdds(new(certain, certain.Detach() - 1, one, one));
        odds.Sum().Backward();
        Assert.All([.. odds.ToArray<float>(), .. certain.Grad!.ToArray<float>()], number => Assert.True(float.IsFinite(number)));
    }

    [Fact]
    public void From_SameTextAfterAShorterPrompt_IsAnotherResponse()
    {
        TokenComparisons[] examples = [Pair([5, 6], [7, 0], [8, 0]), Pair([5], [6, 7, 0], [9, 0])];
        var pairs = PairBatch.From([.. examples.Select(example => example with { Reference = null })]);
        Assert.Equal([2, 2, 1, 1], pairs.PromptLengths);
        Assert.Equal([[7, 0], [8, 0], [6, 7, 0], [9, 0]], pairs.ToResponses(Device.Cpu).Tokens);
    }

    static IEnumerable<(string Name, Func<Policy, Reference, IObjective<TokenComparisons>> Create)> All()
    {
        foreach (var loss in Enum.GetValues<DpoLoss>())
            yield return Dpo($"loss {loss}", new() { Loss = [loss], LabelSmoothing = SmoothingOf(loss) });
        yield return Dpo("two losses", new() { Loss = [DpoLoss.Sigmoid, DpoLoss.Sft] });
        yield return Dpo("weights of losses", new() { Loss = [DpoLoss.Sigmoid, DpoLoss.Sft], LossWeights = [0.8, 0.5] });
        yield return Dpo("beta", new() { Beta = 0.3 });
        foreach (var loss in DpoLosses.All.Values.Where(row => row.UsesSmoothing))
            yield return Dpo($"loss {loss.Name}, smoothed", new() { Loss = [loss.Name], LabelSmoothing = 0.2 });
        foreach (var divergence in Enum.GetValues<FDivergence>().Where(divergence => divergence != FDivergence.ReverseKl))
            foreach (var loss in DpoLosses.All.Values.Where(row => row.UsesDivergence).Select(row => row.Name))
                yield return Dpo(
                    $"loss {loss}, {divergence}", new() { Loss = [loss], FDivergence = divergence, LabelSmoothing = SmoothingOf(loss) });
        yield return Dpo("alpha", new() { FDivergence = FDivergence.AlphaDivergence, AlphaDivergenceCoef = 0.8 });
        yield return Dpo("length", new() { LdAlpha = 0.5 });
        yield return Dpo("weighting", new() { UseWeighting = true });
        yield return Dpo("tau", new() { Loss = [DpoLoss.Discopop], DiscopopTau = 0.5 });
        yield return Dpo("no reference", new() { ReferenceFree = true });
        foreach (var loss in Enum.GetValues<CpoLoss>())
            yield return Cpo($"loss {loss}", new() { Loss = loss });
        yield return Cpo("beta", new() { Beta = 0.3 });
        yield return Cpo("alpha", new() { CpoAlpha = 0.5 });
        yield return Cpo("pairs only", new() { CpoAlpha = 0 });
        yield return Cpo("smoothing", new() { LabelSmoothing = 0.2 });
        yield return Cpo("gamma", new() { Loss = CpoLoss.Simpo, SimpoGamma = 1 });
        yield return Cpo("power", new() { Loss = CpoLoss.Simpo, Alpha = 0.25 });
        yield return ("orpo", (policy, _) => new Orpo(policy, new()));
        yield return ("orpo beta", (policy, _) => new Orpo(policy, new() { Beta = 0.5 }));
        foreach (var loss in Enum.GetValues<TpoLoss>())
            yield return Tpo($"loss {loss}", new() { Loss = loss });
        yield return Tpo("beta", new() { Beta = 0.3 });
        yield return Tpo("alpha", new() { TpoAlpha = 0.5 });
        yield return Tpo("gamma", new() { Loss = TpoLoss.TpoL, Gamma = 1 });
        yield return Tpo("smoothing", new() { LabelSmoothing = 0.2 });

        // Without smoothing, robust is sigmoid and exoPair is infinite.
        static double SmoothingOf(DpoLoss loss) => loss is DpoLoss.ExoPair or DpoLoss.Robust ? 0.1 : 0;
    }

    static (string, Func<Policy, Reference, IObjective<TokenComparisons>>) Dpo(string name, DpoOptions options) =>
        ($"dpo {name}", (policy, reference) => new Dpo(policy, options.ReferenceFree ? null : reference, options));

    static (string, Func<Policy, Reference, IObjective<TokenComparisons>>) Cpo(string name, CpoOptions options) =>
        ($"cpo {name}", (policy, _) => new Cpo(policy, options));

    static (string, Func<Policy, Reference, IObjective<TokenComparisons>>) Tpo(string name, TpoOptions options) =>
        ($"tpo {name}", (policy, _) => new Tpo(policy, options));

    /// <summary>A policy that has moved from its reference.</summary>
    static (Policy Policy, Reference Reference) Create(LanguageModel model)
    {
        var moved = new Policy(model, TinyData.Tokenizer, new());
        var before = new Reference(moved, TrainedParameters.Select(model, new(), seed: 1));
        using var noGrad = Autograd.NoGrad();
        foreach (var parameter in model.Parameters)
            parameter.Value.MultiplyInPlace(1.05);
        return (moved, before);
    }

    (double Loss, double[] Gradient) Step(IObjective<TokenComparisons> objective, IReadOnlyList<TokenComparisons[]> parts)
    {
        TokenComparisons[] step = [.. parts.SelectMany(part => part)];
        objective.BeginBatch(step, microBatches: null!, isHeldOut: false);
        var (loss, count, gradient) = (0.0, objective.Count(step), Array.Empty<double>());
        foreach (var part in parts)
        {
            var value = objective.Compute(part, count).Value;
            loss += value.Item();
            var own = value.GradientsOf([policy.Model.Backbone.TokenEmbedding.Value])[0]?.ToArray<float>() ?? [];
            gradient = gradient.Length == 0 ? Array.ConvertAll(own, x => (double)x) : [.. gradient.Zip(own, (sum, x) => sum + x)];
        }
        return (loss, gradient);
    }

    static Loss Compute(IObjective<TokenComparisons> objective, TokenComparisons[] step)
    {
        objective.BeginBatch(step, microBatches: null!, isHeldOut: false);
        return objective.Compute(step, objective.Count(step));
    }

    static TokenComparisons Pair(int[] prompt, int[] chosen, int[] rejected) =>
        new([[.. prompt, .. chosen], [.. prompt, .. rejected]], prompt.Length, [new(0, 1)]) { Reference = [.. prompt, 24, 25, 0] };
}
