using MathNet.Numerics.Statistics;

namespace Attune.Studio.Loop;

/// <summary>
/// How much a decision between responses would tell. With several reward models: how much they disagree about the score difference of two
/// responses, as its standard deviation over the models (Christiano et al. 2017, section 2.2.4, https://arxiv.org/abs/1706.03741). With one
/// model: the negative absolute score difference (margin sampling, Scheffer et al. 2001, https://doi.org/10.1007/3-540-44816-0_31). With
/// more than two responses: the mean over all pairs.
/// </summary>
static class Uncertainty
{
    /// <param name="scores">Scores by model and response, all in the same unit.</param>
    /// <returns>Larger for more uncertain items; only the order matters.</returns>
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
