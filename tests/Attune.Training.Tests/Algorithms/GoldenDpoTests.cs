using System.Text.Json;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>DPO's sigmoid loss and its gradients as TRL computes them. Cases of other loss types and options are left out.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenDpoTests : IDisposable
{
    static readonly string[] Known = ["beta", "loss_type", "label_smoothing", "reference_free"];

    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Trl => [.. GoldenFile.Cases("dpo").Where(name => IsSigmoid("dpo", name))];

    public static TheoryData<string> Sequences => [.. GoldenFile.Cases("dpo_sequence").Where(name => IsSigmoid("dpo_sequence", name))];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Trl))]
    public void Loss_FromLogits_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("dpo", name);
        var expected = item.GetProperty("expected");
        var logits = GoldenFile.Leaf(inputs.GetProperty("policy_logits"));
        var logprobs = SequenceLogprobs(logits, inputs);
        var refLogprobs = SequenceLogprobs(GoldenFile.Tensor(inputs.GetProperty("ref_logits")), inputs);

        var (chosen, rejected) = Halves((logprobs - refLogprobs) * item.GetProperty("hparams").Number("beta"));
        var loss = Masked.Reduce(RewardModeling.PairLoss(chosen, rejected));
        loss.Backward();

        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        if (expected.TryGetProperty("grad_logits", out var gradient))
            GoldenFile.Close(gradient, logits.Grad!, "gradient");
        if (!expected.TryGetProperty("metrics", out var metrics))
            return;
        GoldenFile.Close(metrics.GetProperty("rewards/chosen"), chosen.Mean(), "rewards of chosen");
        GoldenFile.Close(metrics.GetProperty("rewards/margins"), (chosen - rejected).Mean(), "margins");
        GoldenFile.Close(metrics.GetProperty("rewards/accuracies"), RewardModeling.Accuracy(chosen, rejected).Mean(), "accuracies");
        GoldenFile.Close(metrics.GetProperty("logps/rejected"), Halves(logprobs).Rejected.Mean(), "log-probabilities of rejected");
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public void Loss_FromSequences_AgreesWithTrl(string name)
    {
        var (item, inputs) = GoldenFile.Read("dpo_sequence", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var (chosen, rejected) = (Leaf("policy_chosen_logps"), Leaf("policy_rejected_logps"));
        var isReferenceFree = hparams.Flag("reference_free");
        var (refChosen, refRejected) = (Reference("ref_chosen_logps"), Reference("ref_rejected_logps"));
        var (beta, flip) = (hparams.Number("beta"), chosen.Detach() * 0 + hparams.Number("label_smoothing"));

        var losses = RewardModeling.PairLoss((chosen - refChosen) * beta, (rejected - refRejected) * beta, flipProbability: flip);
        losses.Mean().Backward();

        GoldenFile.Close(expected.GetProperty("losses"), losses, "losses");
        GoldenFile.Close(expected.GetProperty("grad_policy_chosen_logps"), chosen.Grad!, "gradient of chosen");
        GoldenFile.Close(expected.GetProperty("grad_policy_rejected_logps"), rejected.Grad!, "gradient of rejected");

        Tensor Leaf(string key) => GoldenFile.Leaf(inputs.GetProperty(key));

        Tensor Reference(string key) => GoldenFile.Tensor(inputs.GetProperty(key)) * (isReferenceFree ? 0 : 1);
    }

    static bool IsSigmoid(string file, string name)
    {
        var hparams = Golden.Json("losses", $"{file}.json").GetProperty("cases").EnumerateArray()
            .First(item => item.GetProperty("name").GetString() == name).GetProperty("hparams");
        return hparams.EnumerateObject().All(hparam => Known.Contains(hparam.Name))
            && (!hparams.TryGetProperty("loss_type", out var types) || types.EnumerateArray().All(type => type.GetString() == "sigmoid"));
    }

    /// <summary>(2B, T) tokens and (2B, T, V) logits → (2B) log-probabilities of the completions.</summary>
    static Tensor SequenceLogprobs(Tensor logits, JsonElement inputs)
    {
        var targets = GoldenFile.Tensor(inputs.GetProperty("input_ids")).Slice(1, 1);                      // (2B, T − 1)
        var mask = GoldenFile.Tensor(inputs.GetProperty("completion_mask")).Slice(1, 1).To(DType.Float32);
        var before = logits.Slice(1, 0, -1);
        var losses = CrossEntropy.PerToken(before.Reshape(-1, before.Size(-1)), targets.Reshape(-1)).Reshape(targets.Size(0), -1);
        return -(losses * mask).Sum(1);
    }

    static (Tensor Chosen, Tensor Rejected) Halves(Tensor all) =>
        (all.Slice(0, 0, all.Size(0) / 2), all.Slice(0, all.Size(0) / 2));
}
