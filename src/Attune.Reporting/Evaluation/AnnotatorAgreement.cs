namespace Attune.Reporting.Evaluation;

/// <summary>
/// The agreement of annotators on pairs that several of them compared, by votes or in several rows with the same responses.
/// </summary>
/// <param name="Pairs">The number of such pairs.</param>
/// <param name="Among">The probability that two annotators agree on a pair.</param>
/// <param name="WithModel">The probability that the model agrees with an annotator on the same pairs.</param>
public sealed record AnnotatorAgreement(int Pairs, double Among, double WithModel)
{
    /// <summary>
    /// The highest accuracy that a model can reach on single annotations. If a share q of annotators prefers one of two responses, two of
    /// them
    /// agree with probability q² + (1 − q)², and a model that always sides with the majority is correct with probability q; over pairs of
    /// different q this is an upper bound of the mean (Jensen).
    /// </summary>
    public double Ceiling => (1 + Math.Sqrt(Math.Max(0, 2 * Among - 1))) / 2;

    /// <summary>Null where no pair was compared twice.</summary>
    public static AnnotatorAgreement? FromPairs(IEnumerable<EvaluatedPair> pairs)
    {
        var repeated = pairs.DistinctBy(pair => (pair.Origin, Key(pair))).GroupBy(Key).Select(Count).Where(pair => pair.All > 1).ToList();
        return repeated.Count == 0
            ? null
            : new(repeated.Count, repeated.Average(pair => Agree(pair.First, pair.All)), repeated.Average(pair => pair.WithModel));
    }

    static (string Prompt, string First, string Second) Key(EvaluatedPair pair) => IsInOrder(pair)
        ? (pair.Prompt, pair.Chosen.Text, pair.Rejected.Text)
        : (pair.Prompt, pair.Rejected.Text, pair.Chosen.Text);

    static bool IsInOrder(EvaluatedPair pair) => string.CompareOrdinal(pair.Chosen.Text, pair.Rejected.Text) < 0;

    /// <summary>
    /// How many annotators compared a pair, how many preferred the first response, and the share that the model agrees with.
    /// </summary>
    static (double First, double All, double WithModel) Count(IEnumerable<EvaluatedPair> same)
    {
        var all = same.Sum(Annotators);
        var first = same.Sum(pair => Annotators(pair) * (IsInOrder(pair) ? pair.Comparison.Share : 1 - pair.Comparison.Share));
        return (first, all, same.Sum(pair => Annotators(pair) * pair.Agreement) / all);
    }

    static double Annotators(EvaluatedPair pair) => Math.Max(1, pair.Comparison.Votes);

    /// <summary>The share of pairs of annotators that agree: k (k − 1) + (n − k) (n − k − 1) of n (n − 1).</summary>
    static double Agree(double k, double n) => (k * (k - 1) + (n - k) * (n - k - 1)) / (n * (n - 1));
}
