namespace Attune.Reporting.Evaluation;

/// <summary>How far people agree about the pairs that several of them have judged, by votes or by several rankings of the same answers.</summary>
/// <param name="Pairs">How many such pairs.</param>
/// <param name="Among">How often two of them agree about a pair.</param>
/// <param name="WithModel">How often the model agrees with one of them about the same pairs.</param>
public sealed record AnnotatorAgreement(int Pairs, double Among, double WithModel)
{
    /// <summary>
    /// What no model can pass on single judgements. If a share q of people prefers one of two answers, two of them agree with
    /// probability q² + (1 − q)², and who always says what most say is right with probability q; over pairs of different q this is an
    /// upper bound of the mean (Jensen).
    /// </summary>
    public double Ceiling => (1 + Math.Sqrt(Math.Max(0, 2 * Among - 1))) / 2;

    /// <summary>Null where no pair was judged twice.</summary>
    public static AnnotatorAgreement? FromPairs(IEnumerable<EvaluatedPair> pairs)
    {
        var judged = pairs.DistinctBy(pair => (pair.Origin, Key(pair))).GroupBy(Key).Select(Count).Where(pair => pair.All > 1).ToList();
        return judged.Count == 0 ? null : new(judged.Count, judged.Average(pair => Same(pair.First, pair.All)), judged.Average(pair => pair.WithModel));
    }

    static (string Prompt, string First, string Second) Key(EvaluatedPair pair) => IsInOrder(pair)
        ? (pair.Prompt, pair.Chosen.Text, pair.Rejected.Text)
        : (pair.Prompt, pair.Rejected.Text, pair.Chosen.Text);

    static bool IsInOrder(EvaluatedPair pair) => string.CompareOrdinal(pair.Chosen.Text, pair.Rejected.Text) < 0;

    /// <summary>How many people judged a pair, how many of them preferred the first answer, and the share that the model is with.</summary>
    static (double First, double All, double WithModel) Count(IEnumerable<EvaluatedPair> same)
    {
        var all = same.Sum(People);
        var first = same.Sum(pair => People(pair) * (IsInOrder(pair) ? pair.Comparison.Share : 1 - pair.Comparison.Share));
        return (first, all, same.Sum(pair => People(pair) * pair.Agreement) / all);
    }

    static double People(EvaluatedPair pair) => Math.Max(1, pair.Comparison.Votes);

    /// <summary>The share of pairs of people that agree: k (k − 1) + (n − k) (n − k − 1) of n (n − 1).</summary>
    static double Same(double k, double n) => (k * (k - 1) + (n - k) * (n - k - 1)) / (n * (n - 1));
}
