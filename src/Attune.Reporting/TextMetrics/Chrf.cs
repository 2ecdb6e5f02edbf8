namespace Attune.Reporting.TextMetrics;

/// <summary>
/// chrF: the F-score of character n-grams up to six, where recall counts twice (β = 2); chrF++ has word n-grams up to two as well. Popović
/// 2015, https://aclanthology.org/W15-3049, and 2017, https://aclanthology.org/W17-4770. Numbers are those of SacreBLEU: white space is no
/// character, and orders that a text is too short for are left out. Of several references, the nearest counts.
/// </summary>
public sealed record Chrf : CountMetric
{
    /// <summary>The largest n of character n-grams.</summary>
    public int CharacterOrder { get; init; } = 6;

    /// <summary>The largest n of word n-grams: 0 for chrF, 2 for chrF++.</summary>
    public int WordOrder { get; init; }

    /// <summary>How much more recall counts than precision.</summary>
    public double Beta { get; init; } = 2;

    /// <summary>For each order: n-grams of the response, n-grams of the reference, n-grams in common.</summary>
    protected override double[] Counts(ReferencedText text)
    {
        var response = NGramsOf(text.Response);
        return text.References.Select(reference => Counts(response, NGramsOf(reference))).MaxBy(counts => ScoreOf(counts, false))!;
    }

    Dictionary<string, int>[] NGramsOf(string text)
    {
        var (characters, words) = (Words.Characters(text), Words.Split(text).SelectMany(WithoutPunctuation).ToArray());
        return
        [
            .. Enumerable.Range(1, CharacterOrder).Select(n => NGrams.Count(characters, n)),
            .. Enumerable.Range(1, WordOrder).Select(n => NGrams.Count(words, n)),
        ];
    }

    /// <summary>A word and the punctuation mark at its end, or at its start.</summary>
    static IEnumerable<string> WithoutPunctuation(string word) =>
        word.Length == 1 ? [word]
        : IsPunctuation(word[^1]) ? [word[..^1], word[^1..]]
        : IsPunctuation(word[0]) ? [word[..1], word[1..]]
        : [word];

    static bool IsPunctuation(char symbol) => char.IsAscii(symbol) && (char.IsPunctuation(symbol) || char.IsSymbol(symbol));

    static double[] Counts(Dictionary<string, int>[] response, Dictionary<string, int>[] reference) =>
    [
        .. response.Zip(reference).SelectMany(pair => (double[])
        [
            pair.Second.Count == 0 ? 0 : pair.First.Values.Sum(), pair.Second.Values.Sum(), NGrams.Common(pair.First, pair.Second),
        ]),
    ];

    protected override double ScoreOf(double[] counts, bool isCorpus)
    {
        double[][] orders = [.. counts.Chunk(3).Where(order => order[0] > 0 && order[1] > 0)];
        if (orders.Length == 0)
            return 0;
        var precision = orders.Average(order => order[2] / order[0]);
        var recall = orders.Average(order => order[2] / order[1]);
        return precision + recall == 0 ? 0 : (1 + Beta * Beta) * precision * recall / (Beta * Beta * precision + recall);
    }
}
