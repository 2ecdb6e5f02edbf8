using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.Policies;
using Attune.Training.Runs;
using Attune.Training.Servers;

namespace Attune.Training.OnPolicy;

/// <summary>
/// Takes the policy's own log-probabilities for responses that a server sampled, and corrects the policy loss for the gap between them and
/// the server's: that of another implementation, of other number formats, and of older weights. Yao et al. 2025, "Your efficient RL
/// framework secretly brings you off-policy RL training".
/// </summary>
/// <param name="options">The correction.</param>
public sealed class RolloutCorrection(RolloutOptions options)
{
    /// <summary>Responses with the policy's log-probabilities in place of the generator's, and importance weights.</summary>
    /// <param name="rollouts">Responses with the log-probabilities of the generator.</param>
    /// <param name="policy">The policy, before the first update of the step.</param>
    /// <param name="batches">Computes log-probabilities.</param>
    /// <param name="step">The step that the gap is logged to.</param>
    /// <exception cref="InvalidDataException">A response has a token that cannot be sampled with the policy's options.</exception>
    public Rollouts AddTo(Rollouts rollouts, Policy policy, ResponseBatches batches, TrainingStep step)
    {
        var logprobs = batches.PerToken(rollouts, policy.Logprobs);                                 // (B, T)
        if (!double.IsFinite(logprobs.Sum().Item()))
            throw new InvalidDataException(
                "a server sampled a token that the sampling options forbid, or whose probability is 0 under the policy; check that the "
                + "servers have the model and the sampling options of this run");
        var comparable = options.Reported switch
        {
            LogprobsMode.Raw when !policy.SamplesModel => batches.PerToken(rollouts, policy.ModelLogprobs),
            LogprobsMode.Tempered when !policy.IsUntruncated => batches.PerToken(rollouts, policy.WithoutTruncation().Logprobs),
            _ => logprobs,
        };
        var logRatio = (comparable - rollouts.Logprobs).MaskedFill(!rollouts.Mask, 0);              // (B, T): log w
        var (min, max) = options.Limits;
        var corrected = rollouts with
        {
            Logprobs = logprobs,
            ImportanceWeights = ImportanceWeights.From(logRatio, options.Correction, min, max),
        };
        Log(corrected, logRatio, policy.Generator.WeightVersion, step);
        return corrected;
    }

    static void Log(Rollouts rollouts, Tensor logRatio, int version, TrainingStep step)
    {
        var isOwn = new bool[rollouts.Count];
        foreach (var row in rollouts.OwnRows)
            isOwn[row] = true;
        var mask = rollouts.Mask & Tensor.From(isOwn, rollouts.Count, 1).To(rollouts.Mask.Device);
        var gap = logRatio.Abs().MaskedFill(!mask, 0);
        step.Log("rollout/logprob_gap", Masked.Mean(gap, mask).Item());
        step.Log("rollout/logprob_gap_max", gap.ToArray<float>().Max());
        step.Log("rollout/kl", Masked.Mean(ImportanceWeights.Divergence(logRatio), mask).Item());
        if (rollouts.ImportanceWeights is { } weights)
        {
            step.Log("rollout/weight", Masked.Mean(weights, mask).Item());
            step.Log("rollout/masked", Masked.Mean(weights.EqualTo(weights.ZerosLike()).To(DType.Float32), mask).Item());
        }
        var ages = rollouts.Completions.Where((_, row) => isOwn[row])
            .Select(response => (Age: version - response.WeightVersion, Tokens: response.SampledCount)).ToList();
        double tokens = ages.Sum(response => response.Tokens);
        step.Log("rollout/staleness", ages.Sum(response => response.Age * response.Tokens) / tokens);
        step.Log("rollout/stale_tokens", ages.Where(response => response.Age > 0).Sum(response => response.Tokens) / tokens);
    }
}
