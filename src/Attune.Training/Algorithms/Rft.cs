using Attune.Reporting.Runs;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Algorithms;

/// <summary>The responses that an improvement step trains on.</summary>
/// <param name="Responses">Distinct responses.</param>
/// <param name="Thresholds">For each prompt, the lowest reward that is selected.</param>
public sealed record RftSelected(IReadOnlyList<SampledResponse> Responses, IReadOnlyList<double> Thresholds);

/// <summary>
/// The selection of rejection-sampling fine-tuning: of the responses to each prompt, those above a threshold that rises with each
/// improvement step, as in RFT of trlX (https://github.com/CarperAI/trlx) and ReST (Gulcehre et al. 2023,
/// https://arxiv.org/abs/2308.08998); or the best one, as in Touvron et al. 2023, section 3.2.3, https://arxiv.org/abs/2307.09288.
/// Departures from trlX: (1) where the thresholds of all prompts are nearly equal, they are limited by the lowest and the highest reward;
/// (2) where all rewards are equal, nothing is selected.
/// </summary>
/// <param name="options">The selection and its quantiles.</param>
public sealed class Rft(RftOptions options)
{
    /// <summary>A threshold is at least this much above the lowest and below the highest.</summary>
    const double Margin = 1e-3;

    /// <summary>The quantile of an improvement step: start + (end − start)/n · (step mod n), which never reaches the end.</summary>
    /// <param name="step">The improvement steps before it, in all rounds.</param>
    public double Percentile(int step)
    {
        var delta = (options.EndPercentile - options.StartPercentile) / options.ImproveSteps;
        return options.StartPercentile + delta * (step % options.ImproveSteps);
    }

    /// <summary>Selects from all responses with a reward; two responses to a prompt with the same text count once.</summary>
    /// <param name="responses">The responses of one or several rounds.</param>
    /// <param name="step">The improvement steps before this one, in all rounds.</param>
    public RftSelected Select(IEnumerable<SampledResponse> responses, int step)
    {
        List<SampledResponse[]> prompts = [.. responses.GroupBy(response => response.Prompt, StringComparer.Ordinal)
            .Select(group => group.ToArray())];
        double[][] rewards = [.. prompts.Select(group => Array.ConvertAll(group, response => response.Reward!.Value))];
        if (options.Selection == RftSelection.Best)
            return new([.. prompts.Select(group => group.MaxBy(response => response.Reward)!)], [.. rewards.Select(group => group.Max())]);
        var thresholds = Thresholds(rewards, Percentile(step));
        return new(
            [.. prompts.Zip(thresholds).SelectMany(pair => pair.First
                .Where(response => response.Reward >= pair.Second)
                .DistinctBy(response => (response.Completion, response.Ended)))],
            thresholds);
    }

    /// <summary>
    /// The quantile of each prompt's rewards, limited to [lowest quantile + 0.001, highest quantile − 0.001], so that rewards with few
    /// values select neither all nor none: with rewards of 0 and 1, those with 1.
    /// </summary>
    /// <param name="rewards">The rewards of the responses to each prompt.</param>
    /// <param name="percentile">The quantile, with linear interpolation between two rewards.</param>
    public static double[] Thresholds(IReadOnlyList<double[]> rewards, double percentile)
    {
        double[] quantiles = [.. rewards.Select(group => group.QuantileCustom(percentile, QuantileDefinition.R7))];
        var (low, high) = Range(quantiles);
        if (low > high)
            (low, high) = Range([.. rewards.SelectMany(group => group)]);
        return Array.ConvertAll(quantiles, quantile => low > high ? double.PositiveInfinity : Math.Clamp(quantile, low, high));

        static (double Low, double High) Range(double[] values) => (values.Min() + Margin, values.Max() - Margin);
    }
}
