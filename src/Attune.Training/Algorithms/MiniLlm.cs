using System.ComponentModel.DataAnnotations;
using Attune.Reporting.Charts;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.Algorithms;

/// <summary>Options of MiniLLM.</summary>
public sealed record MiniLlmOptions
{
    /// <summary>
    /// Whether a token's advantage includes log π_teacher − log π, of the token and, with gamma above 0, of those after it.
    /// </summary>
    public bool RklAdvantage { get; init; } = true;

    /// <summary>
    /// Whether the reverse KL of the whole distribution at each token is added to the loss: the part of the gradient that needs no samples.
    /// </summary>
    public bool SingleStepDecomposition { get; init; } = true;

    /// <summary>γ: the discount of later tokens' log-ratios in an advantage; 0 for the token's own only.</summary>
    [Range(0d, 1d)]
    public double Gamma { get; init; }

    /// <summary>Whether such a sum is divided by the sum of its discounts, so that early tokens do not weigh more than late ones.</summary>
    public bool LengthNormalization { get; init; } = true;

    /// <summary>Divides the logits of both models; sampling.temperature is that of the responses.</summary>
    [Range(1e-3, 1e3)]
    public double KdTemperature { get; init; } = 1;
}

/// <summary>
/// MiniLLM: policy gradient on the reverse KL from a teacher. Gu et al. 2024, eq. 2 to 7, https://arxiv.org/abs/2306.08543: GRPO whose
/// advantage is, token by token, log π_teacher − log π, plus the reverse KL of the whole distribution at each token. Departures:
/// (1) as in TRL, no sampling from a mixture with the teacher and no loss on a pretraining text; (2) padding is not part of the length
/// normalisation (TRL counts it as 10⁻⁴ tokens); (3) log-ratios are those of the model as it is at an update, as in the paper and TRL.
/// </summary>
/// <param name="options">The parts of the loss.</param>
/// <param name="grpo">The policy loss, and the advantages of scores.</param>
/// <param name="policy">The policy that is trained.</param>
/// <param name="teacher">The teacher.</param>
/// <param name="trained">The trained parameters.</param>
/// <param name="hasRewards">Whether there are scores.</param>
public sealed class MiniLlm(
    MiniLlmOptions options, Grpo grpo, Policy policy, Policy teacher, TrainedParameters trained, bool hasRewards) : IOnPolicyAlgorithm
{
    readonly Distillation distillation = new(policy, trained, options.KdTemperature);

    public Policy Teacher => teacher;

    public bool NeedsEntropy => grpo.NeedsEntropy;

    public bool NeedsSampledEntropy => grpo.NeedsSampledEntropy;

    public IEnumerable<(string Name, IRunState State)> States => grpo.States;

    /// <summary>GRPO's advantages, which are 0 without rewards.</summary>
    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step) => grpo.Estimate(rollouts, scores, step);

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size)
    {
        var rollouts = experience.Rollouts;
        var indices = rollouts.TokenIndices;                                                        // (N)
        var (kl, values) = distillation.Sum(analysis.States!.IndexSelect(0, indices), teacher, rollouts, Compare);
        var advantages = experience.Advantages;                                                     // (B, T)
        if (options.RklAdvantage)
        {
            var logRatio = advantages.ZerosLike().Reshape(-1).IndexPut(values[^1], indices).Reshape(rollouts.Count, -1);
            advantages += Advantages(logRatio, rollouts.Mask, options.Gamma, options.LengthNormalization);
        }
        var loss = grpo.Compute(experience with { Advantages = advantages }, analysis, size);
        var metrics = Distillation.Metrics(values, size.Tokens);
        foreach (var (name, metric) in loss.MetricTensors)
            metrics[name] = metric;
        var value = options.SingleStepDecomposition ? loss.Value + Masked.Reduce(kl, count: size.Tokens) : loss.Value;
        return new(value, metrics) { Shift = loss.Shift };
    }

    /// <summary>KL(π ‖ π_teacher) as the loss; then what is logged, and log π_teacher − log π of the sampled tokens.</summary>
    Tensor[] Compare(Tensor logprobs, Tensor teacherLogprobs, Tensor tokens)
    {
        var at = tokens.Unsqueeze(1);                                                               // (n, 1)
        var detached = logprobs.Detach();
        var logRatio = teacherLogprobs.Gather(1, at) - detached.Gather(1, at);
        return
        [
            Kl.Full(options.SingleStepDecomposition ? logprobs : detached, teacherLogprobs),
            .. Distillation.Measure(detached, teacherLogprobs), logRatio.Squeeze(1),
        ];
    }

    /// <summary>
    /// A_t = Σ_{i ≥ t} γ^i r_i, or divided by Σ_{i ≥ t} γ^i over the tokens of the response; with γ = 0 r_t.
    /// </summary>
    /// <param name="logRatio">(B, T): r = log π_teacher − log π, 0 at padding.</param>
    /// <param name="mask">(B, T)</param>
    /// <param name="gamma">γ; i counts from the first token of the response, as in TRL.</param>
    /// <param name="lengthNormalization">Whether sums are divided.</param>
    public static Tensor Advantages(Tensor logRatio, Tensor mask, double gamma, bool lengthNormalization)
    {
        if (gamma == 0)
            return logRatio;
        var length = (int)logRatio.Size(1);
        var (weights, columns) = (mask.To(DType.Float32), new Tensor[length]);
        var (sum, weight) = (logRatio.Select(1, 0) * 0, weights.Select(1, 0) * 0);                  // (B): Σ γ^(i−t) r_i, Σ γ^(i−t)
        for (var t = length - 1; t >= 0; t--)
        {
            sum = Tensor.Where(mask.Select(1, t), logRatio.Select(1, t) + sum * gamma, sum);
            weight = Tensor.Where(mask.Select(1, t), weights.Select(1, t) + weight * gamma, weight);
            columns[t] = lengthNormalization ? sum / weight.Clamp(1, null) : sum * Math.Pow(gamma, t);
        }
        return Tensor.Stack(1, columns).MaskedFill(!mask, 0);
    }

    public void AfterUpdate(LossTotals totals) => grpo.AfterUpdate(totals);

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"reverse KL {NumberFormat.Fixed(metrics["kl/reverse"], 3)} nats a token"
        + (hasRewards ? $", {grpo.Summarize(metrics)}" : "");
}
