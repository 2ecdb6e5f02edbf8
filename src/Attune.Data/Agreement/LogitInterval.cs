namespace Attune.Data.Agreement;

/// <summary>95 % intervals of probabilities that an EM algorithm estimates.</summary>
static class LogitInterval
{
    /// <summary>The interval from the information about the logit of a probability, log p / (1 − p); null ends where there is
    /// none.</summary>
    /// <param name="probability">The probability.</param>
    /// <param name="information">The information: 1 / √ of it is the standard error of the logit.</param>
    /// <param name="count">How many ratings the estimate is computed from.</param>
    public static Estimate Of(double probability, double information, int count)
    {
        var logit = Math.Log(probability / (1 - probability));
        var half = Proportion.Deviations / Math.Sqrt(information);
        return double.IsFinite(logit) && double.IsFinite(half)
            ? new(probability, 1 / (1 + Math.Exp(half - logit)), 1 / (1 + Math.Exp(-half - logit)), count)
            : new(probability, null, null, count);
    }
}
