using Attune.Data;
using Attune.Reporting.Evaluation;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Rewards;

namespace Attune.Training.Evaluation;

/// <summary>Lets a policy answer every prompt N times, and says what the best of n by a reward is worth, for n up to N.</summary>
/// <param name="policy">Where distance is counted from.</param>
/// <param name="reward">Chooses.</param>
/// <param name="gold">A second opinion of the chosen; null without one.</param>
public sealed class BestOfNSampling(Policy policy, IRewardSource reward, IRewardSource? gold)
{
    const int RowsAtOnce = 64;

    /// <param name="prompts">In tokens.</param>
    /// <param name="answers">N.</param>
    /// <param name="seed">The same seed gives the same answers.</param>
    /// <param name="cancellation">Stops.</param>
    public Frontier Draw(IReadOnlyList<TokenPrompt> prompts, int answers, int seed, CancellationToken cancellation)
    {
        using var noGrad = Autograd.NoGrad();
        using var random = new RandomSource((ulong)seed, policy.Model.Device);
        (double[] Scores, double[] Gold)[] rated =
            [.. prompts.Chunk(Math.Max(1, RowsAtOnce / answers)).SelectMany(part => Rate(part, answers, random, cancellation))];
        return new(GainLaw.BestOfN, [.. BestOfN.Sizes(answers).Select(n => new FrontierPoint(
            n, BestOfN.Kl(n), rated.Average(row => BestOfN.Expected(row.Scores, row.Scores, n)),
            gold is null ? null : rated.Average(row => BestOfN.Expected(row.Scores, row.Gold, n))))]);
    }

    IEnumerable<(double[] Scores, double[] Gold)> Rate(TokenPrompt[] prompts, int answers, RandomSource random, CancellationToken cancellation)
    {
        using var scope = TensorScope.Open();
        var rollouts = policy.Respond(prompts, random, answers, cancellation);
        var scores = reward.Score(rollouts).Totals.Chunk(answers);
        return [.. scores.Zip(gold?.Score(rollouts).Totals.Chunk(answers) ?? prompts.Select(_ => Array.Empty<double>()))];
    }
}
