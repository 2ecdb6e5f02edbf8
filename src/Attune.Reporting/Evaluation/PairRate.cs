using Attune.Data.Agreement;

namespace Attune.Reporting.Evaluation;

/// <summary>
/// A share of pairs with a 95 % interval: Wilson's, for the effective number of independent pairs. Pairs of one prompt are not
/// independent, so the variance between prompts is used.
/// </summary>
/// <param name="Value">The share.</param>
/// <param name="Low">The lower end of the interval.</param>
/// <param name="High">The upper end of the interval.</param>
/// <param name="Pairs">The number of pairs.</param>
/// <param name="Prompts">The number of prompts.</param>
public sealed record PairRate(double Value, double Low, double High, int Pairs, int Prompts)
{
    /// <param name="pairs">The pairs, at least one.</param>
    /// <param name="measure">A measure from 0 to 1, such as <see cref="EvaluatedPair.Correct"/>.</param>
    public static PairRate FromPairs(IReadOnlyCollection<EvaluatedPair> pairs, Func<EvaluatedPair, double> measure)
    {
        var prompts = pairs.GroupBy(pair => pair.Prompt, pair => measure(pair), StringComparer.Ordinal)
            .Select(prompt => (Sum: prompt.Sum(), Count: prompt.Count())).ToList();
        var share = prompts.Sum(prompt => prompt.Sum) / pairs.Count;
        var sumOfSquares = prompts.Sum(prompt => Math.Pow(prompt.Sum - share * prompt.Count, 2)) / Math.Pow(pairs.Count, 2);
        var variance = prompts.Count > 1 ? sumOfSquares * prompts.Count / (prompts.Count - 1) : 0;
        var effectivePairs = Math.Min(pairs.Count, variance > 0 ? share * (1 - share) / variance : prompts.Count);
        var (low, high) = Proportion.Wilson(share, effectivePairs);
        return new(share, low, high, pairs.Count, prompts.Count);
    }
}
