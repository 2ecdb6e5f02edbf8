
namespace Attune.Reporting.Evaluation;

/// <summary>Whether a reward model's confidence can be believed: where it gives an answer 80 %, 80 % of people should prefer it.</summary>
/// <param name="Bins">From the least confident, with about as many pairs each.</param>
/// <param name="ExpectedError">The expected calibration error: the mean distance of the bins, each as heavy as its pairs. Guo et al. 2017, https://arxiv.org/abs/1706.04599</param>
/// <param name="LogLoss">The mean loss of a pair, in nats; log 2 = 0.693 is guessing.</param>
public sealed record Calibration(IReadOnlyList<CalibrationBin> Bins, double ExpectedError, double LogLoss)
{
    const int MostBins = 10;

    public static Calibration FromPairs(IReadOnlyCollection<EvaluatedPair> pairs)
    {
        CalibrationBin[] bins = [.. PairGroups.Bins(pairs, Confidence, MostBins).Select(bin =>
            new CalibrationBin(bin.Average(Confidence), bin.Average(Agreement), bin.Count))];
        return new(bins, bins.Sum(bin => bin.Pairs * Math.Abs(bin.Predicted - bin.Agreed)) / pairs.Count, pairs.Average(Loss));
    }

    /// <summary>σ of the distance: the share of people that should prefer what the model prefers.</summary>
    static double Confidence(EvaluatedPair pair) => 1 / (1 + Math.Exp(-Math.Abs(pair.LogitMargin)));

    static double Agreement(EvaluatedPair pair) =>
        pair.LogitMargin > 0 ? pair.Comparison.Share : pair.LogitMargin < 0 ? 1 - pair.Comparison.Share : 0.5;

    static double Loss(EvaluatedPair pair) => Softplus(-pair.LogitMargin) + (1 - pair.Comparison.Share) * pair.LogitMargin;

    /// <summary>log(1 + eˣ)</summary>
    static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}

/// <summary>Pairs of like confidence.</summary>
/// <param name="Predicted">The mean share of people that the model expects on its side.</param>
/// <param name="Agreed">The share that is.</param>
/// <param name="Pairs">How many.</param>
public sealed record CalibrationBin(double Predicted, double Agreed, int Pairs);
