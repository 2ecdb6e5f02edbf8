namespace Attune.Reporting.TextMetrics;

/// <summary>
/// METEOR: the share of words that match, where recall counts nine times, less a penalty for matches in many pieces. Lavie and Agarwal
/// 2007, https://aclanthology.org/W07-0734. Words match by themselves or by their stems, in NLTK's order. Departure: synonyms of WordNet do
/// not match; the numbers are those of NLTK with an empty WordNet. Of several references, the nearest counts.
/// </summary>
public sealed record Meteor : ResponseMetric
{
    const double Alpha = 0.9, Beta = 3, Gamma = 0.5;

    protected override double Score(ReferencedText text) => Best(text, Tokens, Score);

    static string[] Tokens(string text) => Words.Mteval13a(text.ToLowerInvariant());

    static double Score(string[] response, string[] reference)
    {
        var partner = Align(response, reference);
        (int Response, int Reference)[] matches =
            [.. partner.Index().Where(word => word.Item >= 0).Select(word => (word.Index, word.Item))];
        if (matches.Length == 0)
            return 0;
        var (precision, recall) = (matches.Length / (double)response.Length, matches.Length / (double)reference.Length);
        var mean = precision * recall / (Alpha * precision + (1 - Alpha) * recall);
        var chunks = 1 + matches.Zip(matches.Skip(1)).Count(pair => pair.Second != (pair.First.Response + 1, pair.First.Reference + 1));
        return mean * (1 - Gamma * Math.Pow(chunks / (double)matches.Length, Beta));
    }

    /// <summary>The position in the reference that each word of the response matches, or -1; equal words first, then equal stems.</summary>
    static int[] Align(string[] response, string[] reference)
    {
        var partner = response.Select(_ => -1).ToArray();
        var taken = new bool[reference.Length];
        Match(response, reference);
        Match(Array.ConvertAll(response, PorterStemmer.Stem), Array.ConvertAll(reference, PorterStemmer.Stem));
        return partner;

        void Match(string[] words, string[] others)
        {
            for (var i = words.Length - 1; i >= 0; i--)
                for (var j = others.Length - 1; j >= 0 && partner[i] < 0; j--)
                    if (!taken[j] && words[i] == others[j])
                        (partner[i], taken[j]) = (j, true);
        }
    }
}
