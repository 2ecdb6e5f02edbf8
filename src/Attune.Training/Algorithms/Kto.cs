using System.Globalization;
using Attune.Data;
using Attune.Reporting.Charts;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Offline;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>
/// Kahneman–Tversky optimization. Ethayarajh et al. 2024, eq. 8, https://arxiv.org/abs/2402.01306: λ (1 − σ(±β (r − z))), + for desirable
/// and − for undesirable responses, where r is the log-ratio log π(y|x) − log π_ref(y|x), λ the weight of the label, and z the KL of the
/// policy from the reference. Details: (1) z is the mean log-ratio of mismatched pairs, each prompt with the response of the next example
/// of the step, and at least 0; it has no gradient; (2) it is of the whole step, however the step is split into micro-batches; (3) of
/// comparisons, the chosen response is desirable and the rejected one undesirable.
/// </summary>
/// <param name="policy">The policy that is trained.</param>
/// <param name="reference">The policy before training.</param>
/// <param name="options">The loss, β and weights.</param>
/// <param name="notify">Gets a notice about the weights.</param>
public sealed class Kto(Policy policy, Reference reference, KtoOptions options, Action<string> notify) : IObjective<TokenLabels>
{
    readonly ReferenceLogprobs refLogprobs = new(reference);
    LabelCounts step = new(0, 0);
    double baseline;                                                                                // z

    bool HasBaseline => options.Loss == KtoLoss.Kto;

    Device Device => policy.Model.Device;

    public void Prepare(OfflineData<TokenLabels> data)
    {
        if (BalanceNotice(LabelCounts.Of(data.Train), options) is { } notice)
            notify(notice);
        refLogprobs.Prepare(data.All.Select(example => LabelBatch.From([example], Device).Responses));
        if (HasBaseline)
            refLogprobs.Prepare(data.Batches.Where(batch => batch.Count > 1).Select(Mismatched));
    }

    public double Count(IReadOnlyCollection<TokenLabels> batch) => batch.Sum(example => example.Labels.Count);

    public void BeginBatch(IReadOnlyList<TokenLabels> batch, MicroBatches microBatches, bool isHeldOut)
    {
        step = LabelCounts.Of(batch);
        baseline = HasBaseline && batch.Count > 1 ? Baseline(Mismatched(batch), microBatches) : 0;
    }

    public Loss Compute(IReadOnlyList<TokenLabels> examples, double count)
    {
        var batch = LabelBatch.From(examples, Device);
        var responses = policy.WithFrozenActivations(batch.Responses);                              // N responses
        var logprobs = policy.SequenceLogprobs(responses);                                          // (N): log π
        var logRatios = logprobs - refLogprobs.Of(responses);                                       // (N): r
        var loss = Masked.Reduce(Losses(logRatios, batch.Signs, baseline, options), count: count);
        var metrics = batch.Metrics(logprobs, logRatios * options.Beta, baseline * options.Beta, step);
        metrics["kl_baseline"] = Tensor.Scalar(baseline * responses.Count / count);
        return new(loss, metrics);
    }

    /// <summary>λ (1 − σ(±β (r − z))) of each response. APO-zero is the same with z = 0.</summary>
    /// <param name="logRatios">(N): r</param>
    /// <param name="signs">(N): 1 for a desirable response, −1 for an undesirable one.</param>
    /// <param name="baseline">z</param>
    /// <param name="options">β and the weights λ.</param>
    public static Tensor Losses(Tensor logRatios, Tensor signs, double baseline, KtoOptions options)
    {
        var weights = signs.Clamp(0, 1) * options.DesirableWeight + (-signs).Clamp(0, 1) * options.UndesirableWeight;
        return weights * (signs * (logRatios - baseline) * -options.Beta).Sigmoid();                // 1 − σ(x) = σ(−x)
    }

    /// <summary>z: the mean log-ratio of mismatched pairs, at least 0.</summary>
    /// <param name="logRatios">(N)</param>
    public static double Baseline(Tensor logRatios) => Math.Max(0, logRatios.Mean().Item());

    double Baseline(Responses mismatched, MicroBatches microBatches) => Baseline(
        new ResponseBatches(microBatches).PerToken(mismatched, LogRatios).Sum(1));

    /// <summary>(B, T)</summary>
    Tensor LogRatios(Responses responses)
    {
        responses = policy.WithFrozenActivations(responses);
        return policy.Logprobs(responses) - refLogprobs.PerToken(responses);
    }

    Responses Mismatched(IReadOnlyList<TokenLabels> batch)
    {
        var backbone = policy.Model.Backbone;
        return LabelBatch.Mismatched(batch, backbone.StartToken is null ? (int)backbone.ContextLength : null, Device);
    }

    /// <summary>What to set when the weighted labels are outside of 1:1 to 4:3, the range of the paper (section 4.2); else null.</summary>
    public static string? BalanceNotice(LabelCounts counts, KtoOptions options)
    {
        if (counts.Desirable == 0 || counts.Undesirable == 0)
            return $"all responses are labelled {(counts.Desirable > 0 ? "desirable" : "undesirable")}; KTO needs both labels to learn "
                + "what to prefer";
        var ratio = counts.Desirable / (double)counts.Undesirable;
        if (ratio * options.DesirableWeight / options.UndesirableWeight is >= 0.995 and < 1.335)
            return null;
        return $"{Quantity.Of(counts.Desirable, "desirable response")} of weight {Rounded(options.DesirableWeight)} and "
            + $"{Quantity.Of(counts.Undesirable, "undesirable response")} of weight {Rounded(options.UndesirableWeight)}: KTO works best "
            + "when the two sides weigh between 1:1 and 4:3 in all. Set `kto.undesirableWeight` between "
            + $"{Rounded(ratio * options.DesirableWeight * 3 / 4)} and "
            + $"{Rounded(ratio * options.DesirableWeight)}, or `kto.desirableWeight` between "
            + $"{Rounded(options.UndesirableWeight / ratio)} and {Rounded(options.UndesirableWeight / ratio * 4 / 3)}";

        static string Rounded(double weight) => weight.ToString("0.##", CultureInfo.InvariantCulture);
    }

    public void AfterUpdate(int step) => reference.Sync(step);

    public int Length(TokenLabels example) => example.Texts.Max(text => text.Length);

    public string Describe(TokenLabels example) => policy.Tokenizer.Decode(example.Texts[0].AsSpan(0, example.PromptLength)).Quoted();

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"{NumberFormat.Percent(metrics["rewards/accuracies"])} of labels right, KL {NumberFormat.Fixed(metrics["kl_baseline"], 2)} nats, "
        + $"loss {NumberFormat.Fixed(metrics["loss"], 3)}";
}
