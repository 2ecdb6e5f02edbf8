using Attune.Torch;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Estimation;

/// <summary>Which standard deviation advantages are divided by.</summary>
public enum RewardScale
{
    /// <summary>That of the responses to the same prompt.</summary>
    Group,

    /// <summary>That of all responses of the step.</summary>
    Batch,

    /// <summary>None: they are not divided (Dr. GRPO).</summary>
    None,
}

/// <summary>
/// Advantages of responses from their scores, without a critic. Scores of a group, the responses to a prompt, are adjacent. A score that is
/// NaN is missing: the response has advantage 0, and the mean and the standard deviation are those of the others.
/// </summary>
public static class Advantages
{
    const double Epsilon = 1e-4;                                   // TRL's, for scores that hardly differ

    /// <summary>
    /// (r − mean of its group) / (standard deviation + 10⁻⁴), or without the division. Shao et al. 2024, section 4.1.2,
    /// https://arxiv.org/abs/2402.03300
    /// </summary>
    /// <param name="scores">B scores.</param>
    /// <param name="groupSize">G</param>
    /// <param name="scale">The standard deviation, that of a sample (n − 1).</param>
    public static double[] OfGroups(double[] scores, int groupSize, RewardScale scale)
    {
        var batchStd = Std(scores);
        return [.. scores.Chunk(groupSize).SelectMany(Relative)];

        IEnumerable<double> Relative(double[] group)
        {
            var mean = Mean(group);
            var divisor = scale switch
            {
                RewardScale.Group => Std(group) + Epsilon,
                RewardScale.Batch => batchStd + Epsilon,
                _ => 1,
            };
            return group.Select(score => double.IsNaN(score) ? 0 : (score - mean) / divisor);
        }
    }

    /// <summary>
    /// Several rewards, each normalised in its group first, then added with their weights and normalised over the batch (GDPO). Liu et al.
    /// 2026, https://arxiv.org/abs/2601.05242
    /// </summary>
    /// <param name="rewards">The B scores and the weight of each reward.</param>
    /// <param name="groupSize">G</param>
    public static double[] OfRewards(IReadOnlyList<(double[] Scores, double Weight)> rewards, int groupSize)
    {
        double[][] advantages = [.. rewards.Select(reward => OfGroups(reward.Scores, groupSize, RewardScale.Group))];
        return Normalize([.. Enumerable.Range(0, advantages[0].Length).Select(Sum)]);

        double Sum(int row) => rewards.All(reward => double.IsNaN(reward.Scores[row]))
            ? double.NaN
            : rewards.Zip(advantages, (reward, advantage) => reward.Weight * advantage[row]).Sum();
    }

    /// <summary>
    /// r − mean of the other scores of its group. Kool et al. 2019; Ahmadian et al. 2024, eq. 8, https://arxiv.org/abs/2402.14740
    /// </summary>
    /// <param name="scores">B scores.</param>
    /// <param name="groupSize">G, at least 2.</param>
    public static double[] LeaveOneOut(double[] scores, int groupSize) => [.. scores.Chunk(groupSize).SelectMany(group =>
    {
        var (count, sum) = (group.Count(score => !double.IsNaN(score)), group.Where(score => !double.IsNaN(score)).Sum());
        return group.Select(score => double.IsNaN(score) || count < 2 ? 0 : score - (sum - score) / (count - 1));
    })];

    /// <summary>Whether the scores of a group, those that are NaN left out, differ; otherwise nothing is learned from it.</summary>
    public static bool HasSignal(IReadOnlyList<double> group) =>
        group.Where(score => !double.IsNaN(score)).Distinct().Skip(1).Any();

    /// <summary>The share of groups whose responses all have the same score.</summary>
    public static double GroupsWithoutSignal(double[] scores, int groupSize) =>
        scores.Chunk(groupSize).Average(group => HasSignal(group) ? 0.0 : 1.0);

    /// <summary>(A − mean) / (standard deviation + 10⁻⁴) over all responses.</summary>
    public static double[] Normalize(double[] advantages) => OfGroups(advantages, advantages.Length, RewardScale.Group);

    /// <summary>
    /// V* = β log mean e^(r/β) over responses of the reference to a prompt: what the best policy with KL penalty β expects. Brantley et al.
    /// 2025, eq. 4, https://arxiv.org/abs/2505.20686
    /// </summary>
    public static double OptimalValue(double[] scores, double beta)
    {
        var greatest = scores.Max();
        return greatest + beta * Math.Log(scores.Average(score => Math.Exp((score - greatest) / beta)));
    }

    /// <summary>(B, T): the number of each response at all of its tokens, 0 at padding.</summary>
    public static Tensor PerToken(double[] responses, Tensor mask) => mask.To(DType.Float32)
        * Tensor.From(Array.ConvertAll(responses, number => (float)number), responses.Length, 1).To(mask.Device);

    /// <summary>
    /// G_t = Σ_{i ≥ t} γ^(i−t) r_i of rewards (B, T), which are 0 at padding; i counts the tokens of the mask, if there is one.
    /// </summary>
    public static Tensor Returns(Tensor rewards, double gamma, Tensor? mask = null) =>
        Gae.Estimate(rewards, rewards.ZerosLike(), gamma, lambda: 1, mask).Advantages;

    /// <summary>The mean of the numbers that are not NaN; NaN where there are none.</summary>
    public static double Mean(IEnumerable<double> numbers) =>
        numbers.Where(number => !double.IsNaN(number)).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The standard deviation of a sample, of the numbers that are not NaN; 0 where there is at most one.</summary>
    public static double Std(IEnumerable<double> numbers)
    {
        double[] known = [.. numbers.Where(number => !double.IsNaN(number))];
        return known.Length > 1 ? known.StandardDeviation() : 0;
    }
}
