namespace Attune.Reporting.TextMetrics;

/// <summary>The kind of ROUGE.</summary>
public enum RougeType
{
    /// <summary>Words in common.</summary>
    Rouge1,

    /// <summary>Pairs of neighbouring words in common.</summary>
    Rouge2,

    /// <summary>The longest common subsequence of words.</summary>
    RougeL,

    /// <summary>The longest common subsequences of lines, united for each line of the reference.</summary>
    RougeLsum,

    /// <summary>The mean of rouge1, rouge2 and rougeL, RL4LMs' rouge_combined.</summary>
    Combined,
}

/// <summary>
/// ROUGE, the F1 of what a response has in common with the nearest reference. Lin 2004, https://aclanthology.org/W04-1013. Words, stems and
/// numbers are those of Google's rouge_score.
/// </summary>
public sealed record Rouge : ResponseMetric
{
    /// <summary>What is compared.</summary>
    public RougeType Type { get; init; } = RougeType.RougeL;

    /// <summary>Whether words are reduced to their stems.</summary>
    public bool Stemmer { get; init; } = true;

    protected override double Score(ReferencedText text) => Type switch
    {
        RougeType.Rouge1 => Best(text, Tokens, (response, reference) => OfNGrams(response, reference, 1)),
        RougeType.Rouge2 => Best(text, Tokens, (response, reference) => OfNGrams(response, reference, 2)),
        RougeType.RougeL => Best(text, Tokens, OfSubsequence),
        RougeType.RougeLsum => text.References.Max(reference => OfLines(Lines(text.Response), Lines(reference))),
        _ => new[] { RougeType.Rouge1, RougeType.Rouge2, RougeType.RougeL }.Average(type => (this with { Type = type }).Score(text)),
    };

    string[] Tokens(string text) => Words.Rouge(text, Stemmer);

    string[][] Lines(string text) => [.. text.Split('\n').Where(line => line.Length > 0).Select(Tokens)];

    static double OfNGrams(string[] response, string[] reference, int n) => F1(
        NGrams.Common(NGrams.Count(response, n), NGrams.Count(reference, n)), response.Length - n + 1, reference.Length - n + 1);

    static double OfSubsequence(string[] response, string[] reference) =>
        F1(CommonSubsequence(reference, response).Count, response.Length, reference.Length);

    /// <summary>Section 3.2. As in ROUGE-1.5.5, a word counts at most as often as both texts have it.</summary>
    static double OfLines(string[][] response, string[][] reference)
    {
        var left = NGrams.Count([.. response.SelectMany(line => line)], 1);
        var leftOfReference = NGrams.Count([.. reference.SelectMany(line => line)], 1);
        var hits = 0;
        foreach (var line in reference)
            foreach (var at in response.SelectMany(other => CommonSubsequence(line, other)).Distinct().Order())
                if (left.GetValueOrDefault(line[at]) > 0 && leftOfReference[line[at]] > 0)
                {
                    hits++;
                    left[line[at]]--;
                    leftOfReference[line[at]]--;
                }
        return F1(hits, response.Sum(line => line.Length), reference.Sum(line => line.Length));
    }

    static double F1(double common, int ofResponse, int ofReference) => common == 0 ? 0 : 2 * common / (ofResponse + ofReference);

    /// <summary>The positions in the reference of a longest common subsequence, from the last to the first.</summary>
    internal static List<int> CommonSubsequence(string[] reference, string[] response)
    {
        var lengths = new int[reference.Length + 1, response.Length + 1];
        for (var i = 1; i <= reference.Length; i++)
            for (var j = 1; j <= response.Length; j++)
                lengths[i, j] = reference[i - 1] == response[j - 1]
                    ? lengths[i - 1, j - 1] + 1
                    : Math.Max(lengths[i - 1, j], lengths[i, j - 1]);
        var found = new List<int>();
        for (var (i, j) = (reference.Length, response.Length); i > 0 && j > 0;)
            if (reference[i - 1] == response[j - 1])
            {
                found.Add(--i);
                j--;
            }
            else if (lengths[i, j - 1] > lengths[i - 1, j])
                j--;
            else
                i--;
        return found;
    }
}
