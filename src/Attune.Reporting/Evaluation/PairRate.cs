using Attune.Data.Agreement;

namespace Attune.Reporting.Evaluation;

/// <summary>
/// A share of pairs with a 95 % interval: Wilson's, over as many independent pairs as these are worth. Pairs of one prompt are not
/// independent, so the variance is that between prompts.
/// </summary>
/// <param name="Value">The share.</param>
/// <param name="Low">The interval's lower end.</param>
/// <param name="High">Its upper end.</param>
/// <param name="Pairs">How many there are.</param>
/// <param name="Prompts">Of how many prompts.</param>
public sealed record PairRate(double Value, double Low, double High, int Pairs, int Prompts)
{
    /// <param name="pairs">At least one.</param>
    /// <param name="measure">From 0 to 1, such as <see cref="EvaluatedPair.Correct"/>.</param>
    public static PairRate FromPairs(IReadOnlyCollection<EvaluatedPair> pairs, Func<EvaluatedPair, double> measure)
    {
        var prompts = pairs.GroupBy(pair => pair.Prompt, pair => measure(pair), StringComparer.Ordinal)
            .Select(prompt => (Sum: prompt.Sum(), Count: prompt.Count())).ToList();
        var share = prompts.Sum(prompt => prompt.Sum) / pairs.Count;
        var spread = prompts.Sum(prompt => Math.Pow(prompt.Sum - share * prompt.Count, 2)) / Math.Pow(pairs.Count, 2);
        var variance = prompts.Count > 1 ? spread * prompts.Count / (prompts.Count - 1) : 0;
        var worth = Math.Min(pairs.Count, variance > 0 ? share * (1 - share) / variance : prompts.Count);
        var (low, high) = Proportion.Wilson(share, worth);
        return new(share, low, high, pairs.Count, prompts.Count);
    }
}
