using Attune.Data.Agreement;

namespace Attune.Reporting.Evaluation;

/// <summary>The calibration of a reward model: where it gives a response 80 %, 80 % of annotators should prefer it.</summary>
/// <param name="Bins">Bins with about the same number of pairs, from the least confident.</param>
/// <param name="ExpectedError">The expected calibration error: the mean |predicted − agreed| of the bins, weighted by their pairs. Guo et
/// al. 2017, https://arxiv.org/abs/1706.04599</param>
/// <param name="LogLoss">The mean loss of the pairs, in nats; log 2 = 0.693 is guessing.</param>
public sealed record Calibration(IReadOnlyList<CalibrationBin> Bins, double ExpectedError, double LogLoss)
{
    const int MaxBins = 10;

    public static Calibration FromPairs(IReadOnlyCollection<EvaluatedPair> pairs)
    {
        CalibrationBin[] bins = [.. PairGroups.Bins(pairs, Confidence, MaxBins).Select(bin =>
            new CalibrationBin(bin.Average(Confidence), bin.Average(Agreement), bin.Count))];
        return new(bins, bins.Sum(bin => bin.Pairs * Math.Abs(bin.Predicted - bin.Agreed)) / pairs.Count, pairs.Average(Loss));
    }

    /// <summary>σ of the |difference| in logits: the predicted share of annotators who prefer what the model prefers.</summary>
    static double Confidence(EvaluatedPair pair) => 1 / (1 + Math.Exp(-Math.Abs(pair.LogitMargin)));

    static double Agreement(EvaluatedPair pair) =>
        pair.LogitMargin > 0 ? pair.Comparison.Share : pair.LogitMargin < 0 ? 1 - pair.Comparison.Share : 0.5;

    static double Loss(EvaluatedPair pair) => Softplus(-pair.LogitMargin) + (1 - pair.Comparison.Share) * pair.LogitMargin;

    /// <summary>log(1 + eˣ)</summary>
    static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}

/// <summary>Pairs of similar confidence.</summary>
/// <param name="Predicted">The mean share of annotators that the model predicts to agree with it.</param>
/// <param name="Agreed">The share that agrees.</param>
/// <param name="Pairs">The number of pairs.</param>
public sealed record CalibrationBin(double Predicted, double Agreed, int Pairs)
{
    /// <summary>Wilson's interval of the share that agrees.</summary>
    internal (double Low, double High) Interval => Proportion.Wilson(Agreed, Pairs);
}
