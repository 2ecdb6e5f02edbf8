using Attune.Reporting.Charts;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>Options of online DPO.</summary>
public sealed record OnlineDpoOptions : DpoLossOptions;

/// <summary>
/// Online DPO: the best and the worst of the responses that the policy samples to a prompt are a pair for a loss of DPO. Guo et al. 2024,
/// algorithm 1, https://arxiv.org/abs/2402.04792. Departures: (1) a prompt whose responses all have the same score gives no pair; the paper
/// and TRL take the first of two responses for chosen. (2) Log-ratios are those of the distribution that is sampled from; TRL's are at
/// temperature 1.
/// </summary>
/// <param name="options">The loss.</param>
/// <param name="kl">β, and the KL that is logged.</param>
public sealed class OnlineDpo(DpoLossOptions options, KlPenalty kl) : IOnPolicyAlgorithm
{
    public int UnitSize => 2;

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        var totals = scores.Totals;
        var groups = Enumerable.Range(0, rollouts.Count).Chunk(rollouts.GroupSize);
        return Compare(rollouts, totals, [.. groups.Select(rows => (Best(rows, 1), Best(rows, -1)))], step);

        int Best(int[] rows, int sign) => rows.MaxBy(row => sign * totals[row]);
    }

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size)
    {
        var (rollouts, mask) = (experience.Rollouts, experience.Mask);
        var (chosen, rejected, weights) = Preferences(experience);
        var policy = Pairs(analysis.Logprobs);
        var terms = new DpoTerms(policy, Pairs(rollouts.RefLogprobs!), -policy.Chosen, options, kl.Coefficient);
        var count = size.Responses / UnitSize;
        var losses = Dpo.Losses(terms, shares: null, weights, count, tokens: double.NaN);
        var logRatio = (analysis.Logprobs - rollouts.Logprobs).MaskedFill(!mask, 0);                // (B, T): log π − log π_old
        return new(
            Dpo.Sum(losses, options),
            PairObjective.Metrics(terms.ChosenLogRatio * terms.Beta, terms.RejectedLogRatio * terms.Beta, policy, count))
        {
            Shift = PolicyLosses.Shift(logRatio, mask, size.Tokens, double.PositiveInfinity, double.PositiveInfinity),
        };

        PairLogprobs Pairs(Tensor logprobs) => PairLogprobs.From(logprobs, mask, chosen, rejected, options.LdAlpha);
    }

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"score {NumberFormat.Fixed(metrics["objective/scores"], 2)}, {KlPenalty.Summarize(metrics)}, "
        + $"{NumberFormat.Percent(metrics["rewards/accuracies"])} of pairs in order";

    /// <summary>
    /// Pairs as adjacent rows. The advantage is 1 in the row with the higher score and −1 in the other one; pairs with equal scores, or
    /// with a score that is missing (NaN), are left out, or have advantage 0 where there are no others.
    /// </summary>
    /// <param name="rollouts">B responses.</param>
    /// <param name="scores">B scores.</param>
    /// <param name="pairs">The rows of each pair.</param>
    /// <param name="step">The step that the margin of the scores is logged to.</param>
    internal static Experience Compare(Rollouts rollouts, double[] scores, (int First, int Second)[] pairs, TrainingStep step)
    {
        step.Log("objective/scores_margin", Advantages.Mean(pairs.Select(pair => Math.Abs(scores[pair.First] - scores[pair.Second]))));
        if (Array.FindAll(pairs, pair => Sign(pair) != 0) is { Length: > 0 } decided)
            pairs = decided;
        var experience = rollouts.Select([.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })]);
        double[] advantages = [.. pairs.Select(Sign).SelectMany(sign => new[] { sign, -sign })];
        return new(experience, Advantages.PerToken(advantages, experience.Mask));

        double Sign((int First, int Second) pair) => scores[pair.First] > scores[pair.Second] ? 1
            : scores[pair.First] < scores[pair.Second] ? -1 : 0;
    }

    /// <summary>(P) rows of the chosen and of the rejected responses, and a weight of 1, or 0 for pairs with equal scores.</summary>
    static (Tensor Chosen, Tensor Rejected, Tensor Weights) Preferences(Experience experience)
    {
        var advantages = experience.Advantages;
        int[] signs = [.. advantages.Select(1, 0).ToArray<float>().Chunk(2).Select(pair => Math.Sign(pair[0]))];
        return (Rows(signs, otherwise: 0), Rows(signs, otherwise: 1),
            Tensor.From(Array.ConvertAll(signs, sign => (float)Math.Abs(sign)), signs.Length).To(advantages.Device));

        // The first row of a pair where it is chosen, and otherwise the second; or the reverse.
        Tensor Rows(int[] signs, int otherwise) => TensorBatch.Longs(
            [.. signs.Select((sign, pair) => 2L * pair + (sign < 0 ? 1 - otherwise : otherwise))], advantages.Device);
    }
}
