namespace Attune.Reporting.Evaluation;

/// <summary>How often annotators and a reward model prefer one kind of response, over the pairs with one response of that kind.</summary>
/// <param name="Pairs">The number of pairs.</param>
/// <param name="People">The share in which annotators prefer it.</param>
/// <param name="Model">The share in which the model prefers it.</param>
public sealed record PreferenceBias(int Pairs, double People, double Model)
{
    /// <summary>The bias for the longer response; null where all have the same length.</summary>
    public static PreferenceBias? ForLength(IEnumerable<EvaluatedPair> pairs) => For(pairs, pair => Math.Sign(pair.LengthDifference));

    /// <summary>The bias for the response that is earlier in the list; null where the order has no meaning.</summary>
    public static PreferenceBias? ForPlace(IEnumerable<EvaluatedPair> pairs) =>
        For(pairs, pair => pair.Chosen.Place is { } chosen && pair.Rejected.Place is { } rejected ? Math.Sign(rejected - chosen) : 0);

    /// <param name="pairs">The pairs; those count that are decided and have one response of the kind.</param>
    /// <param name="side">1 where the chosen response is of the kind, −1 where the rejected one is, 0 where neither or both are.</param>
    static PreferenceBias? For(IEnumerable<EvaluatedPair> pairs, Func<EvaluatedPair, int> side)
    {
        var counted = pairs.Where(pair => pair.IsDecided && side(pair) != 0).ToList();
        return counted.Count == 0
            ? null
            : new(
                counted.Count, counted.Average(pair => side(pair) > 0 ? 1.0 : 0),
                counted.Average(pair => side(pair) > 0 ? pair.Correct : 1 - pair.Correct));
    }


    /// <summary>
    /// Pearson's correlation of two numbers of the answers, less each prompt's own mean; null where one of them does not vary.
    /// </summary>
    public static double? WithinPrompts<T>(IEnumerable<IReadOnlyCollection<T>> prompts, Func<T, double> one, Func<T, double> other)
    {
        var (xx, yy, xy) = (0.0, 0.0, 0.0);
        foreach (var responses in prompts)
        {
            var (x, y) = (responses.Average(one), responses.Average(other));
            foreach (var response in responses)
            {
                var (dx, dy) = (one(response) - x, other(response) - y);
                (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy);
            }
        }
        return xx > 1e-12 && yy > 1e-12 ? xy / Math.Sqrt(xx * yy) : null;
    }
}
