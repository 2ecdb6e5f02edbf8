namespace Attune.Data;

/// <summary>
/// The fields of a row that hold comparisons. With a pair, or in each entry of <c>pairs</c>: <c>strength</c> (or <c>margin</c>: a number of
/// at least 0, or one of Llama 2's levels), and <c>votes</c> ([for the better, for the worse]) or <c>label</c> (the share of votes for the
/// better). With completions: <c>sources</c>, who wrote each.
/// </summary>
static class ComparisonFields
{
    /// <summary>The four levels of Touvron et al. 2023, section 3.2.1, https://arxiv.org/abs/2307.09288</summary>
    static readonly Dictionary<string, double> Levels = new(StringComparer.OrdinalIgnoreCase)
    {
        ["unsure"] = 0,
        ["negligibly better"] = 0,
        ["slightly better"] = 1,
        ["better"] = 2,
        ["significantly better"] = 3,
    };

    /// <summary>A comparison of chosen and rejected, at places 0 and 1.</summary>
    public static ComparisonSet ReadPair(Row row)
    {
        var pair = Read(row, 0, 1);
        return new([pair])
        {
            Ranks = pair.Share == 0.5 ? null : pair.Chosen == 0 ? [0, 1] : [1, 0],
            Sources = Sources(row, 2),
            ChosenFirst = true,
        };
    }

    /// <summary>Comparisons from <c>ranks</c>; null is a response that was not ranked.</summary>
    public static ComparisonSet ReadRanks(Row row, int count)
    {
        var ranks = row.WholeNumbersOrNull("ranks");
        if (count != ranks.Count || count < 2)
            throw new InvalidDataException(
                $"{row.Origin}: 'ranks' must have one rank for each of two or more completions "
                + $"(was {ranks.Count} ranks for {count} completions)");
        if (row.IsGiven("votes") || row.IsGiven("label"))
            throw new InvalidDataException(
                $"{row.Origin}: 'votes' and 'label' need a pair; with completions, use 'pairs' instead of 'ranks', each with its votes");
        var strength = Margin(row);
        var preferences = ComparisonSet.FromRanks(ranks);
        return preferences with { Comparisons = [.. preferences.Comparisons.Select(pair => pair with { Margin = strength })],
            Sources = Sources(row, count) };
    }

    /// <summary>Comparisons from <c>scores</c>, one for each response; the higher is better.</summary>
    public static ComparisonSet ReadScores(Row row, int count)
    {
        var scores = row.Numbers("scores");
        return scores.Count == count && count >= 2 ? ComparisonSet.FromScores(scores) : throw new InvalidDataException(
            $"{row.Origin}: 'scores' must have one score for each of two or more responses "
            + $"(was {scores.Count} scores for {count} responses)");
    }

    /// <summary>Comparisons from <c>pairs</c>: [{"better": 0, "worse": 2}, …], where numbers are indices of completions, from 0.</summary>
    public static ComparisonSet ReadPairs(Row row, int count) =>
        new([.. row.Rows("pairs").Select(pair => ReadComparison(pair, count))]) { Sources = Sources(row, count) };

    static Comparison ReadComparison(Row row, int count)
    {
        var (better, worse) = (Place("better"), Place("worse"));
        return better != worse
            ? Read(row, better, worse)
            : throw new InvalidDataException($"{row.Origin}: 'better' and 'worse' must be different completions (both are {better})");

        int Place(string name) => row.WholeNumber(name) is var place && place >= 0 && place < count
            ? place
            : throw new InvalidDataException(
                $"{row.Origin}: '{name}' must be the index of a completion, from 0 to {count - 1} (was {row.WholeNumber(name)})");
    }

    static Comparison Read(Row row, int first, int second)
    {
        var (share, votes) = Share(row);
        return Comparison.FromShare(first, second, share) with { Margin = Margin(row), Votes = votes };
    }

    static (double Share, int Votes) Share(Row row)
    {
        if (row.IsGiven("votes") && row.IsGiven("label"))
            throw new InvalidDataException($"{row.Origin}: give 'votes' or 'label', not both");
        if (row.IsGiven("votes"))
            return row.WholeNumbers("votes") is [>= 0 and var one, >= 0 and var other] && (long)one + other is > 0 and <= int.MaxValue
                ? ((double)one / (one + other), one + other)
                : throw new InvalidDataException(
                    $"{row.Origin}: 'votes' must be two counts, for the better and for the worse completion, that are not both 0");
        if (!row.IsGiven("label"))
            return (1, 0);
        var share = row.Number("label");
        return share is >= 0 and <= 1 ? (share, 0) : throw new InvalidDataException(
            $"{row.Origin}: 'label' must be the share of votes for the better completion, from 0 to 1 (was {share})");
    }

    static double? Margin(Row row)
    {
        if (row.IsGiven("strength") && row.IsGiven("margin"))
            throw new InvalidDataException($"{row.Origin}: give 'strength' or 'margin', not both");
        var name = row.IsGiven("margin") ? "margin" : "strength";
        if (!row.IsGiven(name))
            return null;
        if (row.Word(name) is { } word && Levels.TryGetValue(word, out var level))
            return level;
        var number = row.Number(name, $"a number, or one of {string.Join(", ", Levels.Keys)}");
        return number >= 0 ? number : throw new InvalidDataException(
            $"{row.Origin}: '{name}' must be at least 0 (was {number}); other fields say which completion is better");
    }

    static IReadOnlyList<string>? Sources(Row row, int count)
    {
        if (!row.IsGiven("sources"))
            return null;
        var sources = row.Texts("sources");
        return sources.Count == count ? sources : throw new InvalidDataException(
            $"{row.Origin}: 'sources' must have one entry for each of {count} completions (was {sources.Count})");
    }
}
