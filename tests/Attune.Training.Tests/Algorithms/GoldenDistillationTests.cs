using System.Text.Json;
using Attune.Torch;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>The losses of TRL's GKD, MiniLLM and SDFT trainers and their gradients.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenDistillationTests : IDisposable
{
    /// <summary>What TRL counts a token of padding for in MiniLLM's length normalisation.</summary>
    const double PaddingWeight = 1e-4;

    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Gkd => [.. GoldenFile.Cases("gkd")];

    public static TheoryData<string> MiniLlm => [.. GoldenFile.Cases("minillm")];

    public static TheoryData<string> SelfDistillation => [.. GoldenFile.Cases("self_distillation")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Gkd))]
    public void Divergence_OfGkd_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("gkd", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var student = GoldenFile.Leaf(inputs.GetProperty("student_logits"));                               // (B, T, V)
        var teacher = GoldenFile.Tensor(inputs.GetProperty("teacher_logits"));
        var hasLabels = !hparams.TryGetProperty("no_labels", out _);
        var mask = GoldenFile.Tensor(inputs.GetProperty("labels")).NotEqualTo(hasLabels ? -100 : -1);
        var temperature = hparams.Optional("temperature") ?? 1;

        var losses = Divergence.JensenShannon(Logprobs(student), Logprobs(teacher), hparams.Number("beta"));
        var loss = Masked.Reduce(losses, mask, Count(mask.To(DType.Float32).Sum().Item()));
        loss.Backward();

        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        GoldenFile.Close(expected.GetProperty("grad_student_logits"), student.Grad!, "gradient");

        Tensor Logprobs(Tensor logits) => (logits / temperature).LogSoftmax(-1);

        double Count(double tokens) => Reduction(hparams) switch
        {
            "sum" => 1,
            "mean" => tokens * student.Size(2),
            _ => hparams.Optional("num_items_in_batch") ?? (hasLabels ? tokens : student.Size(0)),
        };
    }

    [Theory]
    [MemberData(nameof(MiniLlm))]
    public void Parts_OfMiniLlm_AgreeWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("minillm", name);
        var expected = item.GetProperty("expected");
        if (expected.TryGetProperty("advantage", out var advantage))
            GoldenFile.Close(advantage, Advantages(item.GetProperty("hparams"), inputs), "advantage");
        else
            SingleStep(expected, inputs);
    }

    [Theory]
    [MemberData(nameof(SelfDistillation))]
    public void Divergence_OfSelfDistillation_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("self_distillation", name);
        var expected = item.GetProperty("expected");
        var leaf = GoldenFile.Leaf(inputs.GetProperty("student_logits"));
        var (student, teacher) = (leaf.LogSoftmax(-1), GoldenFile.Tensor(inputs.GetProperty("teacher_logits")).LogSoftmax(-1));
        var tokens = GoldenFile.Tensor(inputs.GetProperty("completion_ids")).Unsqueeze(-1);

        var losses = name switch
        {
            "full_alpha0" => Divergence.JensenShannon(student, teacher, 0),
            "full_alpha0.5" => Divergence.JensenShannon(student, teacher, 0.5),
            "full_alpha1" => Divergence.JensenShannon(student, teacher, 1),
            "topk3_tail" => TopK(tail: true, alpha: 1),
            "topk3_renorm" => TopK(tail: false, alpha: 0.5),
            "sampled_token" => Divergence.OfSampledTokens(Sampled(student), Sampled(teacher)),
            _ => throw new InvalidOperationException($"the case {name} is not known"),
        };
        losses.Sum().Backward();

        GoldenFile.Close(expected.GetProperty("per_token_loss"), losses, "losses");
        GoldenFile.Close(expected.GetProperty("grad_student_logits_of_sum"), leaf.Grad!, "gradient");

        Tensor TopK(bool tail, double alpha)
        {
            var (own, other) = Divergence.TopK(student, teacher, 3, tail);
            return Divergence.JensenShannon(own, other, alpha);
        }

        Tensor Sampled(Tensor logprobs) => logprobs.Gather(-1, tokens).Squeeze(-1);
    }

    static string? Reduction(JsonElement hparams) =>
        hparams.TryGetProperty("reduction", out var reduction) ? reduction.GetString() : null;

    /// <summary>The advantages; with length normalisation those of TRL, which divides by padding too.</summary>
    static Tensor Advantages(JsonElement hparams, JsonElement inputs)
    {
        var mask = GoldenFile.Tensor(inputs.GetProperty("mask"));                                          // (B, T)
        var logRatio = (GoldenFile.Tensor(inputs.GetProperty("teacher_log_probs_on_labels"))
            - GoldenFile.Tensor(inputs.GetProperty("student_log_probs_on_labels"))) * mask;
        var (gamma, isNormalised) = (hparams.Number("gamma"), hparams.Flag("length_normalization"));
        var advantages = Training.Algorithms.MiniLlm.Advantages(logRatio, mask > 0.5, gamma, isNormalised);
        if (!isNormalised)
            return advantages;
        var weights = Sums(mask);
        return advantages * weights / (weights + Sums(1 - mask) * PaddingWeight);

        Tensor Sums(Tensor each) => Tensor.Stack(1, [.. Enumerable.Range(0, (int)mask.Size(1)).Select(t => Enumerable
            .Range(t, (int)mask.Size(1) - t).Select(i => each.Select(1, i) * Math.Pow(gamma, i - t)).Aggregate((a, b) => a + b))]);
    }

    static void SingleStep(JsonElement expected, JsonElement inputs)
    {
        var logprobs = GoldenFile.Tensor(inputs.GetProperty("student_logits")).LogSoftmax(-1).Detach();
        logprobs.RequiresGrad = true;
        var teacher = GoldenFile.Tensor(inputs.GetProperty("teacher_logits")).LogSoftmax(-1);
        var loss = Masked.Mean(Kl.Full(logprobs, teacher), GoldenFile.Tensor(inputs.GetProperty("single_step_mask")));
        loss.Backward();
        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        GoldenFile.Close(expected.GetProperty("grad_student_log_probs"), logprobs.Grad!, "gradient");
    }
}
