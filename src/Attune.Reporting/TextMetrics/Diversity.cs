namespace Attune.Reporting.TextMetrics;

/// <summary>
/// How varied the words of a set of responses are, by the measures of GEM-metrics, which RL4LMs reports. Words are lower-case, divided as
/// mteval-v13a does; punctuation marks are words. Gehrmann et al. 2021, https://arxiv.org/abs/2102.01672.
/// </summary>
public static class Diversity
{
    const int Orders = 3;

    /// <summary>Words of a segment of MSTTR.</summary>
    const int Segment = 100;

    /// <summary>
    /// For n from 1 to 3: distinct n-grams as a share of all (distinct-n), their number (vocab_size-n), n-grams that occur once (unique-n),
    /// entropy in bits (entropy-n) and entropy given the words before (cond_entropy-n); the mean share of distinct words in segments of 100
    /// words (msttr-100), where there are 100 words; and the mean number of words (words).
    /// </summary>
    public static IReadOnlyList<KeyValuePair<string, double>> Measure(IReadOnlyList<string> responses)
    {
        string[][] texts = [.. responses.Select(response => Words.Mteval13a(response.ToLowerInvariant()))];
        return [.. Measures(texts).Select(measure => KeyValuePair.Create(measure.Name, measure.Value))];
    }

    static IEnumerable<(string Name, double Value)> Measures(string[][] texts)
    {
        yield return ("words", texts.Average(words => words.Length));
        if (Msttr(texts) is { } msttr)
            yield return ($"msttr-{Segment}", msttr);
        var shorter = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var n = 1; n <= Orders; n++)
        {
            var order = n;
            var counts = texts.SelectMany(words => NGrams.From(words, order)).CountBy(ngram => ngram, StringComparer.Ordinal)
                .ToDictionary(StringComparer.Ordinal);
            if (counts.Count == 0)
                yield break;
            yield return ($"distinct-{n}", counts.Count / (double)counts.Values.Sum());
            yield return ($"vocab_size-{n}", counts.Count);
            yield return ($"unique-{n}", counts.Values.Count(count => count == 1));
            yield return ($"entropy-{n}", Entropy(counts));
            if (n > 1)
                yield return ($"cond_entropy-{n}", ConditionalEntropy(counts, shorter));
            shorter = counts;
        }
    }

    static double Entropy(Dictionary<string, int> counts)
    {
        double all = counts.Values.Sum();
        return -counts.Values.Sum(count => count / all * Math.Log2(count / all));
    }

    /// <summary>−Σ p(x, y) log₂ (p(x, y) / p(x)), where x is an n-gram without its last word.</summary>
    static double ConditionalEntropy(Dictionary<string, int> counts, Dictionary<string, int> shorter)
    {
        double all = counts.Values.Sum(), allShorter = shorter.Values.Sum();
        return -counts.Sum(ngram =>
            ngram.Value / all * Math.Log2(ngram.Value / all / (shorter[ngram.Key[..ngram.Key.LastIndexOf(' ')]] / allShorter)));
    }

    /// <summary>Mean segmental type-token ratio, Johnson 1944; the last words that fill no segment are left out.</summary>
    static double? Msttr(string[][] texts)
    {
        double[] ratios = [.. texts.SelectMany(words => words).Chunk(Segment).Where(words => words.Length == Segment)
            .Select(words => NGrams.DistinctShare(words, 1))];
        return ratios.Length == 0 ? null : ratios.Average();
    }
}
