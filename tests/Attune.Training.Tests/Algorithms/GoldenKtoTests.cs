using System.Text.Json;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;

namespace Attune.Training.Tests.Algorithms;

/// <summary>KTO and APO-zero: losses, metrics and gradients as TRL computes them. All cases.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenKtoTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Cases => [.. GoldenFile.Cases("kto")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_AgreesWithTrl(string name)
    {
        var (item, own) = GoldenFile.Read("kto", name);
        var (hparams, expected) = (item.GetProperty("hparams"), item.GetProperty("expected"));
        var inputs = Golden.Json("losses", "kto.json").GetProperty("inputs");
        var options = new KtoOptions
        {
            Loss = hparams.GetProperty("loss_type").GetString() == "kto" ? KtoLoss.Kto : KtoLoss.ApoZeroUnpaired,
            Beta = hparams.Number("beta"),
            DesirableWeight = hparams.Number("desirable_weight"),
            UndesirableWeight = hparams.Number("undesirable_weight"),
        };
        var labels = GoldenFile.Tensor(own.GetProperty("label")).ToArray<bool>();
        var signs = Tensor.From([.. labels.Select(label => label ? 1f : -1f)], labels.Length);
        var perToken = PerToken(inputs, "policy_logits", "").Detach();                             // (B, T − 1)
        perToken.RequiresGrad = true;
        var logprobs = Sum(perToken, inputs, "");
        var logRatios = logprobs - Sum(PerToken(inputs, "ref_logits", ""), inputs, "");
        var baseline = options.Loss == KtoLoss.Kto ? Baseline() : 0;

        var loss = Masked.Reduce(Kto.Losses(logRatios, signs, baseline, options));
        loss.Backward();

        GoldenFile.Close(expected.GetProperty("loss"), loss, "loss");
        GoldenFile.Close(expected.GetProperty("grad_per_token_logps"), perToken.Grad!, "gradient");
        var metrics = expected.GetProperty("metrics");
        GoldenFile.Close(metrics.GetProperty("kl"), Tensor.Scalar(baseline), "kl");
        var batch = new LabelBatch(null!, signs);
        var ours = batch.Metrics(
            logprobs, logRatios * options.Beta, baseline * options.Beta, new(labels.Count(label => label), labels.Count(label => !label)));
        foreach (var metric in metrics.EnumerateObject().Where(metric => ours.ContainsKey(metric.Name)))
            GoldenFile.Close(metric.Value, ours[metric.Name], metric.Name);
        Assert.Equal(
            metrics.EnumerateObject().Count(metric => metric.Name.StartsWith("rewards/", StringComparison.Ordinal)),
            ours.Keys.Count(key => key.StartsWith("rewards/", StringComparison.Ordinal) && key != "rewards/accuracies"));

        double Baseline() => Kto.Baseline(
            Sum(PerToken(inputs, "kl_policy_logits", "kl_"), inputs, "kl_")
            - Sum(PerToken(inputs, hparams.GetProperty("kl_ref_logits").GetString()!, "kl_"), inputs, "kl_"));
    }

    /// <summary>(B, T, V) logits → (B, T − 1) log-probabilities of the tokens.</summary>
    static Tensor PerToken(JsonElement inputs, string logits, string prefix)
    {
        var targets = GoldenFile.Tensor(inputs.GetProperty(prefix + "input_ids")).Slice(1, 1);
        var before = GoldenFile.Tensor(inputs.GetProperty(logits)).Slice(1, 0, -1);
        return -CrossEntropy.PerToken(before.Reshape(-1, before.Size(-1)), targets.Reshape(-1)).Reshape(targets.Size(0), -1);
    }

    static Tensor Sum(Tensor perToken, JsonElement inputs, string prefix) =>
        (perToken * GoldenFile.Tensor(inputs.GetProperty(prefix + "completion_mask")).Slice(1, 1).To(DType.Float32)).Sum(1);
}
