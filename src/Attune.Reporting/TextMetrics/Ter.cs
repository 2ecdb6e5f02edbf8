namespace Attune.Reporting.TextMetrics;

/// <summary>
/// Translation edit rate: insertions, deletions, substitutions and shifts of phrases, as a share of the reference's words; 0 is best, and a
/// rate can exceed 1. Snover et al. 2006, https://aclanthology.org/2006.amta-papers.25. Words are lower-case, divided at white space; the
/// search for shifts and its limits are Tercom's, as SacreBLEU has them. Of several references, the one with the fewest edits counts, for
/// their mean length.
/// </summary>
public sealed record Ter : CountMetric
{
    const int MaxShiftSize = 10, MaxShiftDistance = 50, MaxCandidates = 1000;

    public override bool LowerIsBetter => true;

    /// <summary>Edits, and words of the references.</summary>
    protected override double[] Counts(ReferencedText text)
    {
        var response = Tokens(text.Response);
        string[][] references = [.. text.References.Select(Tokens)];
        return [references.Min(reference => Edits(response, reference)), references.Average(reference => reference.Length)];
    }

    protected override double ScoreOf(double[] counts, bool isCorpus) =>
        counts[1] > 0 ? counts[0] / counts[1] : counts[0] > 0 ? 1 : 0;

    static string[] Tokens(string text) => Words.Split(text.ToLowerInvariant());

    /// <summary>Shifts phrases as long as that reduces the edit distance, and counts the shifts and the edits that remain.</summary>
    static int Edits(string[] words, string[] reference)
    {
        if (reference.Length == 0)
            return words.Length;
        var (shifts, tried) = (0, 0);
        while (true)
        {
            var distance = new EditDistance(words, reference);
            if (BestShift(distance, ref tried) is not { } best || best.Gain <= 0 || tried >= MaxCandidates)
                return shifts + distance.Cost;
            (words, shifts) = (best.Words, shifts + 1);
        }
    }

    /// <summary>The shift that reduces the edit distance most; then the longest phrase, the first phrase, the first target.</summary>
    static (int Gain, string[] Words)? BestShift(EditDistance distance, ref int tried)
    {
        var (words, alignment) = (distance.Words, distance.Align());
        ((int Gain, int Length, int Start, int Target) Rank, string[] Words)? best = null;
        foreach (var (start, startOfReference, length) in CommonPhrases(words, distance.Reference))
        {
            if (!alignment.WordErrors.AsSpan(start, length).Contains(true)
                || !alignment.ReferenceErrors.AsSpan(startOfReference, length).Contains(true)
                || (alignment.Positions[startOfReference] is var at && at >= start && at < start + length))
                continue;
            foreach (var target in Targets(alignment.Positions, startOfReference, length))
            {
                var shifted = Shift(words, start, length, target);
                var rank = (distance.Cost - distance.CostOf(shifted), length, -start, -target);
                tried++;
                if (best is null || rank.CompareTo(best.Value.Rank) > 0)
                    best = (rank, shifted);
            }
            if (tried >= MaxCandidates)
                break;
        }
        return best is { } found ? (found.Rank.Gain, found.Words) : null;
    }

    /// <summary>Phrases of the words that the reference has too: where they start, and their length.</summary>
    static IEnumerable<(int Start, int StartOfReference, int Length)> CommonPhrases(string[] words, string[] reference)
    {
        for (var start = 0; start < words.Length; start++)
        {
            var end = Math.Min(reference.Length, start + MaxShiftDistance + 1);
            for (var other = Math.Max(0, start - MaxShiftDistance); other < end; other++)
                for (var length = 1; length <= MaxShiftSize && start + length <= words.Length && other + length <= reference.Length
                    && words[start + length - 1] == reference[other + length - 1]; length++)
                    yield return (start, other, length);
        }
    }

    /// <summary>Before the first word, or after a word that is aligned with one before or in the phrase of the reference.</summary>
    static IEnumerable<int> Targets(int[] positions, int startOfReference, int length) =>
        Enumerable.Range(startOfReference - 1, length + 1).Select(at => at < 0 ? 0 : positions[at] + 1)
            .Aggregate(new List<int>(), (targets, target) =>
            {
                if (targets.Count == 0 || targets[^1] != target)
                    targets.Add(target);
                return targets;
            });

    static string[] Shift(string[] words, int start, int length, int target)
    {
        var phrase = words[start..(start + length)];
        return target < start ? [.. words[..target], .. phrase, .. words[target..start], .. words[(start + length)..]]
            : target > start + length ? [.. words[..start], .. words[(start + length)..target], .. phrase, .. words[target..]]
            : [.. words[..start], .. Part(start + length, length + target), .. phrase, .. Part(length + target, words.Length)];

        string[] Part(int first, int end) => words[Math.Min(first, words.Length)..Math.Min(end, words.Length)];
    }
}
