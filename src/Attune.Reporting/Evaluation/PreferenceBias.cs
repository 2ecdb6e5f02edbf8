namespace Attune.Reporting.Evaluation;

/// <summary>How often people and a reward model prefer one kind of answer to another, over the pairs where it can be told.</summary>
/// <param name="Pairs">How many.</param>
/// <param name="People">The share of these in which people do.</param>
/// <param name="Model">The share in which the model does.</param>
public sealed record PreferenceBias(int Pairs, double People, double Model)
{
    /// <summary>For the longer answer; null where all are of one length.</summary>
    public static PreferenceBias? ForLength(IEnumerable<EvaluatedPair> pairs) => For(pairs, pair => Math.Sign(pair.LengthDifference));

    /// <summary>For the answer that stood earlier in the list; null where places say nothing.</summary>
    public static PreferenceBias? ForPlace(IEnumerable<EvaluatedPair> pairs) =>
        For(pairs, pair => pair.Chosen.Place is { } better && pair.Rejected.Place is { } worse ? Math.Sign(worse - better) : 0);

    /// <param name="pairs">Of which those count that are decided and of two kinds.</param>
    /// <param name="side">1 where the better answer is of the kind, −1 where the worse is, 0 where neither or both are.</param>
    static PreferenceBias? For(IEnumerable<EvaluatedPair> pairs, Func<EvaluatedPair, int> side)
    {
        var told = pairs.Where(pair => pair.IsDecided && side(pair) != 0).ToList();
        return told.Count == 0 ? null : new(told.Count, told.Average(pair => Is(side(pair) > 0)), told.Average(pair => side(pair) > 0 ? pair.Correct : 1 - pair.Correct));
    }

    static double Is(bool truth) => truth ? 1 : 0;

    /// <summary>Pearson's correlation of two numbers of the answers, less each prompt's own mean; null where one of them does not vary.</summary>
    public static double? WithinPrompts<T>(IEnumerable<IReadOnlyCollection<T>> prompts, Func<T, double> one, Func<T, double> other)
    {
        var (xx, yy, xy) = (0.0, 0.0, 0.0);
        foreach (var answers in prompts)
        {
            var (x, y) = (answers.Average(one), answers.Average(other));
            foreach (var answer in answers)
            {
                var (dx, dy) = (one(answer) - x, other(answer) - y);
                (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy);
            }
        }
        return xx > 1e-12 && yy > 1e-12 ? xy / Math.Sqrt(xx * yy) : null;
    }
}
