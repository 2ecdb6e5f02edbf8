using System.Text.Json;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>The losses of DPO with their options, and their gradients, as TRL computes them.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenDpoTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Trl => [.. GoldenFile.Cases("dpo")];

    public static TheoryData<string> Sequences => [.. GoldenFile.Cases("dpo_sequence")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Trl))]
    public void Loss_FromLogits_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("dpo", name);
        var expected = item.GetProperty("expected");
        var options = Options(item.GetProperty("hparams"));
        var pairs = new GoldenPairs(inputs);
        var terms = new DpoTerms(pairs.Sums(options.LdAlpha), pairs.ReferenceSums(options.LdAlpha), pairs.ChosenNll, options, options.Beta);
        var weights = options.UseWeighting
            ? Dpo.Weights(
                pairs.Logprobs, CrossEntropy.LogExpectedProbability(pairs.Logits.Slice(1, 0, -1)), pairs.Mask, pairs.Chosen, pairs.Rejected)
            : null;

        var loss = Dpo.Sum(Dpo.Losses(terms, shares: null, weights, pairs.Count, pairs.ChosenTokens), options);

        pairs.Close(expected, loss);
        GoldenPairs.Close(expected, PairObjective.Metrics(
            terms.ChosenLogRatio * options.Beta, terms.RejectedLogRatio * options.Beta, terms.Policy, pairs.Count));
    }

    /// <summary>TRL's rewards of a run without a reference are still measured from it; Attune's are not.</summary>
    [Theory]
    [MemberData(nameof(Sequences))]
    public void Loss_FromSequences_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("dpo_sequence", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var (chosen, rejected) = (Leaf("policy_chosen_logps"), Leaf("policy_rejected_logps"));
        var policy = new PairLogprobs(chosen, rejected, chosen.Detach() * 0 + 1, rejected.Detach() * 0 + 1);
        var reference = policy with { Chosen = Values("ref_chosen_logps"), Rejected = Values("ref_rejected_logps") };
        var isReferenceFree = hparams.Flag("reference_free");
        var options = new DpoOptions { Beta = hparams.Number("beta"), LabelSmoothing = hparams.Number("label_smoothing") };
        var terms = new DpoTerms(policy, reference, -chosen, options, options.Beta);

        var losses = DpoLosses.All[DpoLoss.Sigmoid].Compute(isReferenceFree ? terms with { Reference = Zero(reference) } : terms);
        losses.Mean().Backward();

        GoldenFile.Close(expected.GetProperty("losses"), losses, "losses");
        GoldenFile.Close(expected.GetProperty("loss"), losses.Mean(), "loss");
        GoldenFile.Close(expected.GetProperty("chosen_rewards"), terms.ChosenLogRatio * options.Beta, "rewards of chosen");
        GoldenFile.Close(expected.GetProperty("rejected_rewards"), terms.RejectedLogRatio * options.Beta, "rewards of rejected");
        GoldenFile.Close(expected.GetProperty("grad_policy_chosen_logps"), chosen.Grad!, "gradient of chosen");
        GoldenFile.Close(expected.GetProperty("grad_policy_rejected_logps"), rejected.Grad!, "gradient of rejected");

        Tensor Leaf(string key) => GoldenFile.Leaf(inputs.GetProperty(key));

        Tensor Values(string key) => GoldenFile.Tensor(inputs.GetProperty(key));

        static PairLogprobs Zero(PairLogprobs pairs) =>
            pairs with { Chosen = pairs.Chosen.ZerosLike(), Rejected = pairs.Rejected.ZerosLike() };
    }

    static DpoOptions Options(JsonElement hparams) => new()
    {
        Beta = hparams.Number("beta"),
        Loss = [.. hparams.GetProperty("loss_type").EnumerateArray().Select(GoldenPairs.Name<DpoLoss>)],
        LossWeights = hparams.TryGetProperty("loss_weights", out var weights)
            ? [.. weights.EnumerateArray().Select(weight => weight.GetDouble())]
            : [],
        LabelSmoothing = GoldenPairs.Number(hparams, "label_smoothing"),
        FDivergence = hparams.TryGetProperty("f_divergence_type", out var divergence)
            ? GoldenPairs.Name<FDivergence>(divergence)
            : FDivergence.ReverseKl,
        AlphaDivergenceCoef = GoldenPairs.Number(hparams, "f_alpha_divergence_coef", otherwise: 0.5),
        LdAlpha = GoldenPairs.Number(hparams, "ld_alpha", otherwise: 1),
        UseWeighting = hparams.TryGetProperty("use_weighting", out var weighting) && weighting.GetBoolean(),
        DiscopopTau = GoldenPairs.Number(hparams, "discopop_tau", otherwise: 0.05),
    };
}
