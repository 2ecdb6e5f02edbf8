namespace Attune.Store.Export;

/// <summary>What a row of an export is.</summary>
public enum ExportLayout
{
    /// <summary><c>prompt</c>, <c>chosen</c>, <c>rejected</c>: two answers of which people prefer the first.</summary>
    Pairs,

    /// <summary><c>prompt</c>, <c>completions</c>, <c>ranks</c>: all answers to a prompt in order.</summary>
    Rankings,

    /// <summary><c>prompt</c>, <c>completion</c>, <c>label</c>: an answer and whether it is desirable (Ethayarajh et al. 2024, https://arxiv.org/abs/2402.01306).</summary>
    Kto,

    /// <summary><c>chosen</c>, <c>rejected</c>: whole transcripts (Bai et al. 2022, https://arxiv.org/abs/2204.05862).</summary>
    Hh,

    /// <summary><c>prompt</c>, <c>completion</c>: the ideal answers that people wrote.</summary>
    Demonstrations,

    /// <summary>A row a decision, for a spreadsheet.</summary>
    Csv,
}

/// <summary>What becomes of items that somebody flagged.</summary>
public enum Flagged
{
    Exclude,
    Include,
    Only,
}

/// <summary>
/// What is exported. First decisions are chosen (<see cref="People"/>, <see cref="From"/>, <see cref="To"/>, <see cref="LeastStrength"/>,
/// <see cref="LeastRight"/>), then items by what is left of them. Checks and calibration items are never exported.
/// </summary>
public sealed record ExportOptions
{
    public ExportLayout Layout { get; init; }

    /// <summary>A row for each vote; a row for what the majority says otherwise.</summary>
    public bool EachVote { get; init; }

    /// <summary>Names: only what they decided; everyone when empty.</summary>
    public IReadOnlyList<string> People { get; init; } = [];

    /// <summary>Only what was decided then or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Only what was decided before.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Only decisions of this strength or more; 0 takes those without one too.</summary>
    public int LeastStrength { get; init; }

    /// <summary>Only decisions of people with at least this share of attention checks right; 0 takes everyone's.</summary>
    public double LeastRight { get; init; }

    /// <summary>Only items about which so many people decided, or which were adjudicated.</summary>
    public int LeastDecisions { get; init; } = 1;

    /// <summary>Only items where at least this share of the votes says what the majority says.</summary>
    public double LeastAgreement { get; init; }

    public Flagged Flagged { get; init; }

    /// <summary>Whether an ideal answer that somebody wrote stands before all others of its prompt.</summary>
    public bool IdealFirst { get; init; }

    /// <summary>The share of prompts that are held out. It follows from prompt and seed alone, so a later export keeps prompts on their side.</summary>
    public double HeldOut { get; init; }

    public int Seed { get; init; }

    /// <summary>Everything that is wrong, in words.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, share) in new[] { ("checks right", LeastRight), ("agreement", LeastAgreement), ("held out", HeldOut) })
            if (share is not (>= 0 and <= 1))
                yield return $"{name}: a share from 0 to 1 was expected, found {share}";
        if (LeastDecisions < 1)
            yield return $"decisions: a number of at least 1 was expected, found {LeastDecisions}";
        if (LeastStrength < 0)
            yield return $"strength: a number of at least 0 was expected, found {LeastStrength}";
        if (From >= To)
            yield return $"time: a beginning before the end was expected, found {From:u} and {To:u}";
        if (!Enum.IsDefined(Layout))
            yield return $"layout: one of {string.Join(", ", Enum.GetNames<ExportLayout>())} was expected, found {Layout}";
    }
}
