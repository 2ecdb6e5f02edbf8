using Attune.Data;
using Attune.Reporting.Evaluation;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Evaluation;

/// <summary>Samples N responses to every prompt, and estimates the score of the best of n by a reward, for n up to N.</summary>
/// <param name="policy">The policy that is sampled from, which KL is measured from.</param>
/// <param name="reward">The reward that the best response is chosen by.</param>
/// <param name="gold">A second reward, which is only measured; null for none.</param>
public sealed class BestOfNSampling(Policy policy, IRewardSource reward, IRewardSource? gold)
{
    const int RowsAtOnce = 64;

    /// <param name="prompts">Prompts in tokens.</param>
    /// <param name="answers">N, the responses to each prompt.</param>
    /// <param name="seed">The same seed gives the same responses.</param>
    /// <param name="cancellation">Stops the sampling.</param>
    public Frontier Draw(IReadOnlyList<TokenPrompt> prompts, int answers, int seed, CancellationToken cancellation)
    {
        using var noGrad = Autograd.NoGrad();
        using var random = new RandomSource((ulong)seed, policy.Model.Device);
        (double[] Scores, double[] Gold)[] scored =
            [.. prompts.Chunk(Math.Max(1, RowsAtOnce / answers)).SelectMany(part => Rate(part, answers, random, cancellation))];
        return new(GainLaw.BestOfN, [.. BestOfN.Sizes(answers).Select(n => new FrontierPoint(
            n, BestOfN.Kl(n), scored.Average(row => BestOfN.Expected(row.Scores, row.Scores, n)),
            gold is null ? null : scored.Average(row => BestOfN.Expected(row.Scores, row.Gold, n))))]);
    }

    IEnumerable<(double[] Scores, double[] Gold)> Rate(
        TokenPrompt[] prompts, int answers, RandomSource random, CancellationToken cancellation)
    {
        using var scope = TensorScope.Open();
        var rollouts = policy.Respond(prompts, random, answers, cancellation);
        var totals = reward.Score(rollouts).Totals;
        if (Array.Exists(totals, double.IsNaN))
            throw new InvalidDataException("best of n needs a score for every response; some of the rewards left responses without one");
        var scores = totals.Chunk(answers);
        return [.. scores.Zip(gold?.Score(rollouts).Totals.Chunk(answers) ?? prompts.Select(_ => Array.Empty<double>()))];
    }
}
