using MathNet.Numerics.Statistics;

namespace Attune.Studio.Loop;

/// <summary>
/// How much people's choice between answers would tell. Of several reward models: how far they disagree about the difference of two answers,
/// its standard deviation over the models (Christiano et al. 2017, section 2.2.4, https://arxiv.org/abs/1706.03741). Of one: how small that
/// difference is, taken negative (margin sampling, Scheffer et al. 2001, https://doi.org/10.1007/3-540-44816-0_31). Of more than two answers
/// it is the mean over all pairs.
/// </summary>
static class Uncertainty
{
    /// <param name="scores">By model and answer, in one unit.</param>
    /// <returns>The larger, the more there is to learn; only the order counts.</returns>
    public static double Compute(IReadOnlyList<IReadOnlyList<double>> scores)
    {
        var answers = scores[0].Count;
        if (answers < 2)
            return scores.Count > 1 ? scores.Select(model => model[0]).PopulationStandardDeviation() : 0;
        return (from first in Enumerable.Range(0, answers)
                from second in Enumerable.Range(first + 1, answers - first - 1)
                let differences = scores.Select(model => model[first] - model[second]).ToArray()
                select differences.Length > 1 ? differences.PopulationStandardDeviation() : -Math.Abs(differences[0])).Average();
    }
}
