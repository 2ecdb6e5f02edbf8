namespace Attune.Reporting.TextMetrics;

/// <summary>
/// CIDEr-D: the cosine of weighted n-grams up to four, times 10. Vedantam et al. 2015, https://arxiv.org/abs/1411.5726; numbers are those
/// of coco-caption for words that are divided alike. N-grams that are in the references of many responses weigh little, so the score of one
/// response depends on the references of the others, and is 0 where there are no others. Responses with the same references (several
/// responses to a prompt) count once.
/// </summary>
public sealed record Cider : TextMetric
{
    const int Orders = 4;
    const double Sigma = 6, Scale = 10;

    public override IReadOnlyList<double> Scores(IReadOnlyList<ReferencedText> texts)
    {
        var documents = texts.Select(text => text.References)
            .DistinctBy(references => string.Join('\n', references), StringComparer.Ordinal)
            .Select(references => references.SelectMany(NGramsOf).Select(ngram => ngram.Key).Distinct(StringComparer.Ordinal))
            .ToList();
        var frequency = documents.SelectMany(ngrams => ngrams).CountBy(ngram => ngram, StringComparer.Ordinal)
            .ToDictionary(StringComparer.Ordinal);
        return [.. texts.Select(text =>
        {
            var response = Weigh(text.Response);
            return Scale * text.References.Average(reference => Similarity(response, Weigh(reference)));
        })];

        Vector Weigh(string text)
        {
            var ngrams = NGramsOf(text).ToList();
            return new(
                ngrams.ToDictionary(
                    ngram => ngram.Key,
                    ngram => ngram.Value * (Math.Log(documents.Count) - Math.Log(Math.Max(1, frequency.GetValueOrDefault(ngram.Key)))),
                    StringComparer.Ordinal),
                ngrams.Where(ngram => Order(ngram.Key) == 2).Sum(ngram => ngram.Value));
        }
    }

    static IEnumerable<KeyValuePair<string, int>> NGramsOf(string text)
    {
        var words = Words.Mteval13a(text.ToLowerInvariant());
        return Enumerable.Range(1, Orders).SelectMany(n => NGrams.Count(words, n));
    }

    static int Order(string ngram) => 1 + ngram.Count(' '.Equals);

    /// <summary>The mean over orders of the clipped cosine, less for different lengths.</summary>
    static double Similarity(Vector response, Vector reference)
    {
        var distance = response.Length - reference.Length;
        return Math.Exp(-distance * distance / (2 * Sigma * Sigma)) * Enumerable.Range(1, Orders).Average(n =>
        {
            var norms = response.Norm(n) * reference.Norm(n);
            return norms == 0 ? 0
                : response.OfOrder(n).Sum(ngram => Clipped(ngram.Value, reference.Weights.GetValueOrDefault(ngram.Key))) / norms;
        });
    }

    static double Clipped(double weight, double other) => Math.Min(weight, other) * other;

    /// <param name="Weights">The weight of each n-gram.</param>
    /// <param name="Length">The number of pairs of words, which coco-caption takes for the length.</param>
    sealed record Vector(Dictionary<string, double> Weights, double Length)
    {
        public IEnumerable<KeyValuePair<string, double>> OfOrder(int n) => Weights.Where(ngram => Order(ngram.Key) == n);

        public double Norm(int n) => Math.Sqrt(OfOrder(n).Sum(ngram => ngram.Value * ngram.Value));
    }
}
