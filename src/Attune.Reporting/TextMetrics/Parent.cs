namespace Attune.Reporting.TextMetrics;

/// <summary>The numbers of PARENT for a response, from 0 to 1.</summary>
/// <param name="Precision">How much of the response is in the reference or in the table.</param>
/// <param name="Recall">How much of the reference, and of the table, is in the response.</param>
/// <param name="F1">Their harmonic mean.</param>
public readonly record struct ParentScore(double Precision, double Recall, double F1);

/// <summary>
/// PARENT: compares the description of a table with references and with the table. Dhingra et al. 2019,
/// https://aclanthology.org/P19-1483; an n-gram is entailed by the share of its words that are values of the table (word overlap, section
/// 3.1). Numbers are those of the authors' table_text_eval: texts are in lower case and divided at white space, of several references the
/// one with the best F1 counts, and the score of a corpus is the mean.
/// </summary>
public sealed record Parent : ResponseMetric
{
    const int Orders = 4;
    const double Smoothing = 1e-5;

    /// <summary>
    /// λ, the weight of the table in the recall; null for 1 − the share of the table that the reference mentions (section 3.2).
    /// </summary>
    public double? Lambda { get; init; } = 0.5;

    public override bool NeedsTable => true;

    protected override double Score(ReferencedText text) => Measure(text).F1;

    /// <summary>Precision, recall and F1.</summary>
    /// <exception cref="InvalidDataException">The response has no table.</exception>
    public ParentScore Measure(ReferencedText text)
    {
        if (text.Table.Count == 0)
            throw new InvalidDataException("PARENT needs the table that a response describes, with at least one entry");
        string[][] values = [.. text.Table.Select(entry => Tokens(entry.Value))];
        var response = Tokens(text.Response);
        return text.References.Select(reference => Measure(response, Tokens(reference), values)).MaxBy(score => score.F1);
    }

    ParentScore Measure(string[] response, string[] reference, string[][] values)
    {
        var known = values.SelectMany(value => value).ToHashSet(StringComparer.Ordinal);
        var (precision, ofReference) = (new double[Orders], new double[Orders]);
        for (var n = 1; n <= Orders; n++)
            (precision[n - 1], ofReference[n - 1]) = OfNGrams(NGrams.Count(response, n), NGrams.Count(reference, n), known);
        var lambda = Lambda ?? 1 - Mentioned(values, reference);
        var (p, r) = (GeometricMean(precision, 0), GeometricMean(ofReference, Smoothing));
        var table = Mentioned(values, response) is > 0 and var mentioned ? mentioned : Smoothing;
        var recall = Math.Pow(r, 1 - lambda) * Math.Pow(table, lambda);                         // eq. 7
        return new(p, recall, 2 * p * recall / (p + recall + 1e-8));
    }

    /// <summary>Precision and recall of n-grams, eq. 2 and 5: those of the reference count by how far the table entails them.</summary>
    static (double Precision, double Recall) OfNGrams(
        Dictionary<string, int> response, Dictionary<string, int> reference, HashSet<string> known)
    {
        var precise = response.Sum(ngram =>
        {
            var inReference = Math.Min(1, reference.GetValueOrDefault(ngram.Key) / (double)ngram.Value);
            return ngram.Value * (inReference + (1 - inReference) * Entailed(ngram.Key));
        });
        var weight = reference.Sum(ngram => ngram.Value * Entailed(ngram.Key));
        var found = reference.Sum(ngram =>
            Entailed(ngram.Key) * Math.Min(ngram.Value, response.GetValueOrDefault(ngram.Key)));
        return (response.Count == 0 ? 0 : precise / response.Values.Sum(), weight == 0 ? 1 : found / weight);

        double Entailed(string ngram) => ngram.Split(' ').Average(word => known.Contains(word) ? 1.0 : 0);
    }

    /// <summary>The mean share of the values' words that a text has in their order, eq. 6.</summary>
    static double Mentioned(string[][] values, string[] text) =>
        values.Average(value => Rouge.CommonSubsequence(value, text).Count / (double)value.Length);

    /// <summary>The geometric mean, where zeros of orders above 1 are smoothed; with a zero of order 1, the given number.</summary>
    static double GeometricMean(double[] orders, double ofZero) => orders[0] == 0 ? ofZero
        : Math.Exp(orders.Average(share => Math.Log(share == 0 ? Smoothing : share)));

    static string[] Tokens(string text) => Words.Split(text.ToLowerInvariant());
}
