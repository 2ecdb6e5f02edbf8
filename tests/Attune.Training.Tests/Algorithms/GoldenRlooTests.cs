using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;

namespace Attune.Training.Tests.Algorithms;

/// <summary>RLOO's loss, gradients and advantages as TRL computes them: every case of rloo and rloo_advantages.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenRlooTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Losses => [.. GoldenFile.Cases("rloo")];

    public static TheoryData<string> AllAdvantages => [.. GoldenFile.Cases("rloo_advantages")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Losses))]
    public void Loss_OfResponses_AgreesWithTrl(string name)
    {
        var (item, own) = GoldenFile.Read("rloo", name);
        var inputs = Golden.Json("losses", "rloo.json").GetProperty("inputs");
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var rloo = new Rloo(new() { ClipLow = hparams.Number("epsilon_low"), ClipHigh = hparams.Number("epsilon_high") });
        var mask = GoldenFile.Tensor(inputs.GetProperty("completion_mask")) > 0.5;
        var logprobs = GoldenRollouts.Logprobs(
            GoldenFile.Tensor(inputs.GetProperty("logits")), GoldenFile.Tensor(inputs.GetProperty("prompt_ids")).Size(1),
            GoldenFile.Tensor(inputs.GetProperty("completion_ids"))).Detach();
        logprobs.RequiresGrad = true;
        // Only the sum of the old log-probabilities is known; the ratio of a response does not depend on how it is divided.
        var old = GoldenFile.Tensor(own.GetProperty("old_logps")).Unsqueeze(1) / mask.To(DType.Float32).Sum(1, keepDim: true);
        var rollouts = new Rollouts([], [], mask, (old + logprobs.Detach() * 0).MaskedFill(!mask, 0), Values: null);
        var advantages = GoldenFile.Tensor(inputs.GetProperty("advantages")).Unsqueeze(1) * mask.To(DType.Float32);

        var loss = rloo.Compute(
            new(rollouts, advantages), new(logprobs, Values: null, Entropy: null),
            new(mask.To(DType.Float32).Sum().Item(), (int)mask.Size(0)));
        loss.Value.Backward();

        GoldenFile.Close(expected.GetProperty("loss"), loss.Value, "loss");
        GoldenFile.Close(expected.GetProperty("grad_per_token_logps"), logprobs.Grad!, "gradient");
    }

    [Theory]
    [MemberData(nameof(AllAdvantages))]
    public void Advantages_OfGroups_AgreeWithTrl(string name)
    {
        var (item, own) = GoldenFile.Read("rloo_advantages", name);
        var inputs = Golden.Json("losses", "rloo_advantages.json").GetProperty("inputs");
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var beta = hparams.Number("beta");
        var kl = beta > 0 ? new KlPenalty(new() { Coef = beta }) : null;
        var rloo = new Rloo(new()
        {
            NormalizeAdvantages = hparams.Flag("normalize_advantages"),
            MaskTruncated = hparams.TryGetProperty("mask_truncated_completions", out var masks) && masks.GetBoolean(),
        }, kl);
        var rollouts = GoldenRollouts.From(inputs.GetProperty("completions"), eosId: 1, (int)hparams.Number("num_generations"));
        var (logprobs, refLogprobs) = (Policy("policy_logits"), Policy("ref_logits"));
        rollouts = new KlPenalty(new()).AddTo(rollouts with { Logprobs = logprobs }, refLogprobs);
        var scores = GoldenRollouts.Scores(own, hparams);
        if (hparams.TryGetProperty("reward_clip_range", out var range))
            scores = new(Array.ConvertAll(scores.Rows, row =>
                Array.ConvertAll(row, score => Math.Clamp(score, range[0].GetDouble(), range[1].GetDouble()))));

        var experience = rloo.Estimate(rollouts, scores, new(1));

        GoldenFile.Close(expected.GetProperty("advantages"), experience.Advantages.Select(1, 0), "advantages");
        GoldenFile.Close(
            expected.GetProperty("old_logps"), logprobs.MaskedFill(!experience.Mask, 0).Sum(1), "log-probabilities of responses");
        GoldenFile.Close(expected.GetProperty("completion_mask"), experience.Mask.To(DType.Int64), "mask");
        if (expected.GetProperty("metrics").Optional("kl") is { } mean)
            Golden.Close([mean], [Masked.Reduce(rollouts.Kl!, experience.Mask).Item()], "kl", Tolerance.Loss);

        Tensor Policy(string logits) => GoldenRollouts.Logprobs(
            GoldenFile.Tensor(inputs.GetProperty(logits)), inputs.GetProperty("prompts")[0].GetArrayLength(),
            Tensor.From(Attune.Data.PaddedRows.From([.. rollouts.Tokens], 0).Tokens, rollouts.Mask.Shape.ToArray()));
    }
}
