namespace Attune.Reporting.TextMetrics;

/// <summary>What replaces an n-gram precision of 0 in BLEU.</summary>
public enum BleuSmoothing
{
    /// <summary>Halves of a match: 1/2, 1/4, … for the orders without a match; NIST's, SacreBLEU's default.</summary>
    Exp,

    /// <summary>Nothing: the score is 0.</summary>
    None,

    /// <summary>A tenth of a match.</summary>
    Floor,

    /// <summary>One match and one n-gram are added to every order above 1.</summary>
    AddOne,
}

/// <summary>How BLEU divides texts into words.</summary>
public enum BleuTokenizer
{
    /// <summary>As mteval-v13a, SacreBLEU's 13a.</summary>
    Mteval13a,

    /// <summary>By Unicode categories, SacreBLEU's intl.</summary>
    International,

    /// <summary>Each character is a word.</summary>
    Characters,

    /// <summary>At white space.</summary>
    None,
}

/// <summary>
/// BLEU of up to four words. Papineni et al. 2002, https://aclanthology.org/P02-1040. Tokenizers, smoothing and numbers are those of
/// SacreBLEU (Post 2018, https://arxiv.org/abs/1804.08771). Details: (1) the brevity penalty takes the reference of the nearest length. (2)
/// The score of one response leaves out orders that are longer than the response (SacreBLEU's effective order), so that a right response
/// of two words scores 1.
/// </summary>
public sealed record Bleu : CountMetric
{
    const int Orders = 4;

    /// <summary>What replaces a precision of 0.</summary>
    public BleuSmoothing Smoothing { get; init; }

    /// <summary>How texts are divided into words.</summary>
    public BleuTokenizer Tokenizer { get; init; }

    /// <summary>Whether the case of letters is ignored.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Lengths of the response and of the reference, and for each order the matches and the n-grams of the response.</summary>
    protected override double[] Counts(ReferencedText text)
    {
        var response = Tokens(text.Response);
        string[][] references = [.. text.References.Select(Tokens)];
        var counts = new double[2 + 2 * Orders];
        counts[0] = response.Length;
        counts[1] = references.Select(reference => reference.Length)
            .MinBy(length => (Math.Abs(length - response.Length), length));
        for (var n = 1; n <= Orders; n++)
        {
            counts[2 * n] = NGrams.Common(NGrams.Count(response, n), Most(references, n));
            counts[2 * n + 1] = Math.Max(0, response.Length - n + 1);
        }
        return counts;
    }

    string[] Tokens(string text)
    {
        var cased = IgnoreCase ? text.ToLowerInvariant() : text;
        return Tokenizer switch
        {
            BleuTokenizer.International => Words.International(cased),
            BleuTokenizer.Characters => Words.Characters(cased),
            BleuTokenizer.None => Words.Split(cased),
            _ => Words.Mteval13a(cased),
        };
    }

    /// <summary>How often an n-gram occurs in the reference that has it most often.</summary>
    static Dictionary<string, int> Most(string[][] references, int n)
    {
        var most = NGrams.Count(references[0], n);
        foreach (var (ngram, count) in references.Skip(1).SelectMany(reference => NGrams.Count(reference, n)))
            most[ngram] = Math.Max(count, most.GetValueOrDefault(ngram));
        return most;
    }

    protected override double ScoreOf(double[] counts, bool isCorpus)
    {
        var (length, referenceLength) = (counts[0], counts[1]);
        var matches = Enumerable.Range(1, Orders).Select(n => counts[2 * n]).ToArray();
        if (matches.Sum() == 0)
            return 0;
        var (logs, orders, halves) = (0.0, 0, 1.0);
        for (var n = 1; n <= Orders; n++)
        {
            var added = Smoothing == BleuSmoothing.AddOne && n > 1 ? 1 : 0;
            var (matched, all) = (matches[n - 1] + added, counts[2 * n + 1] + added);
            if (all == 0)
                break;
            orders = n;
            if (matched == 0)
                matched = Smoothing switch { BleuSmoothing.Exp => halves /= 2, BleuSmoothing.Floor => 0.1, _ => 0 };
            logs += Math.Log(matched / all);
        }
        if (isCorpus && orders < Orders)
            return 0;
        var brevity = length < referenceLength ? Math.Exp(1 - referenceLength / length) : 1;
        return brevity * Math.Exp(logs / orders);
    }
}
