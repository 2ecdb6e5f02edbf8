using System.Text.Json;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>BCO: losses, the running mean of the rewards, and gradients over several steps as TRL computes them. All cases.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenBcoTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Cases => [.. GoldenFile.Cases("bco")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_OfSeveralSteps_AgreeWithTrl(string name)
    {
        var (item, _) = GoldenFile.Read("bco", name);
        var hparams = item.GetProperty("hparams");
        var options = new BcoOptions
        {
            Beta = hparams.Number("beta"),
            MinDensityRatio = hparams.Number("min_density_ratio"),
            MaxDensityRatio = hparams.Number("max_density_ratio"),
        };
        var running = new RunningMoments();
        foreach (var step in item.GetProperty("steps").EnumerateArray())
            CheckStep(step.GetProperty("inputs"), step.GetProperty("expected"), options, running);
    }

    static void CheckStep(JsonElement inputs, JsonElement expected, BcoOptions options, RunningMoments running)
    {
        var (chosen, rejected) = (GoldenFile.Leaf(inputs.GetProperty("policy_chosen_logps")),
            GoldenFile.Leaf(inputs.GetProperty("policy_rejected_logps")));
        var logprobs = Tensor.Concatenate(0, chosen, rejected);
        var refLogprobs = Tensor.Concatenate(
            0, GoldenFile.Tensor(inputs.GetProperty("ref_chosen_logps")), GoldenFile.Tensor(inputs.GetProperty("ref_rejected_logps")));
        var rewards = (logprobs - refLogprobs) * options.Beta;
        var (desirable, undesirable) = ((int)chosen.Size(0), (int)rejected.Size(0));
        var signs = Tensor.From(
            [.. Enumerable.Repeat(1f, desirable), .. Enumerable.Repeat(-1f, undesirable)], desirable + undesirable);

        running.Update([.. rewards.Detach().ToArray<float>().Select(reward => (double)reward)]);
        var losses = Bco.Losses(rewards, signs, running.Mean);
        if (inputs.TryGetProperty("prob_desirable", out var probabilities))
            losses *= Tensor.From(
                [.. Enumerable.Repeat(1f, desirable),
                    .. GoldenTensor.Read(probabilities).Floats.Select(p => (float)Bco.DensityRatio(p, options))],
                desirable + undesirable);
        var loss = Masked.Reduce(losses);
        loss.Backward();

        GoldenFile.Close(expected.GetProperty("losses"), losses, "losses");
        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        GoldenFile.Close(expected.GetProperty("delta"), Tensor.Scalar(running.Mean), "δ");
        GoldenFile.Close(expected.GetProperty("running").GetProperty("std"), Tensor.Scalar(running.Std), "standard deviation");
        GoldenFile.Close(expected.GetProperty("running").GetProperty("count"), Tensor.Scalar(running.Count), "count");
        GoldenFile.Close(expected.GetProperty("chosen_rewards"), rewards.Slice(0, 0, desirable), "rewards of chosen");
        GoldenFile.Close(expected.GetProperty("rejected_rewards"), rewards.Slice(0, desirable), "rewards of rejected");
        GoldenFile.Close(expected.GetProperty("grad_policy_chosen_logps"), chosen.Grad!, "gradient of chosen");
        GoldenFile.Close(expected.GetProperty("grad_policy_rejected_logps"), rejected.Grad!, "gradient of rejected");
    }
}
