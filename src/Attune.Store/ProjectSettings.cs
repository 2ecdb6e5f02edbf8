namespace Attune.Store;

/// <summary>What people do with the answers of an item.</summary>
public enum TaskKind
{
    /// <summary>Two answers side by side: which is better.</summary>
    Pairwise,

    /// <summary>Two or more answers in order, ties allowed; some may be left out.</summary>
    Ranking,

    /// <summary>Each answer gets a level.</summary>
    Rating,
}

/// <summary>Which item a person gets next.</summary>
public enum ItemOrder
{
    /// <summary>As imported.</summary>
    Fixed,

    /// <summary>Shuffled once, the same for all.</summary>
    Random,

    /// <summary>Those first about which reward models are least sure, with a share of random ones.</summary>
    Informative,
}

/// <summary>How a project asks. Shown and changed on its page.</summary>
public sealed record ProjectSettings
{
    /// <summary>What people should look for, in Markdown.</summary>
    public string Guidelines { get; init; } = "";

    public TaskKind Task { get; init; } = TaskKind.Pairwise;

    /// <summary>How much better, of a pair: 0 does not ask; 4 levels for the better one (Llama 2), or a scale of 7 or 9 with a tie in the middle.</summary>
    public int StrengthLevels { get; init; }

    /// <summary>Whether a pair may be called equally good.</summary>
    public bool Ties { get; init; } = true;

    /// <summary>Whether all answers may be called bad, which is not a tie.</summary>
    public bool AllBad { get; init; } = true;

    /// <summary>Whether a reason can be written.</summary>
    public bool Rationale { get; init; } = true;

    /// <summary>Whether a better answer can be written; it becomes a demonstration.</summary>
    public bool IdealAnswer { get; init; } = true;

    /// <summary>Levels of a Likert scale for every answer: 0 does not ask, else 2 to 9. The task of rating needs it.</summary>
    public int RatingLevels { get; init; }

    /// <summary>Whether answers are shown as Markdown; as plain text otherwise.</summary>
    public bool Markdown { get; init; }

    /// <summary>How many people see an item of the overlapping share.</summary>
    public int Overlap { get; init; } = 1;

    /// <summary>The share of items that so many people see; the others are seen by one.</summary>
    public double OverlapShare { get; init; } = 1;

    public ItemOrder Order { get; init; } = ItemOrder.Fixed;

    /// <summary>Of the informative order: the share of items drawn at random, so that the data stays representative.</summary>
    public double RandomShare { get; init; } = 0.2;

    /// <summary>One attention check among so many items; 0 gives none.</summary>
    public int CheckEvery { get; init; } = 20;

    /// <summary>The share of the calibration round that must be right before the work begins; 0 lets everyone go on.</summary>
    public double CalibrationPass { get; init; }

    /// <summary>How long an item is kept for a person.</summary>
    public int LeaseMinutes { get; init; } = 30;

    /// <summary>Everything that is wrong, in words.</summary>
    public IEnumerable<string> Problems()
    {
        if (StrengthLevels is not (0 or 4 or 7 or 9))
            yield return $"strength: none (0), 4, 7 or 9 levels were expected, found {StrengthLevels}";
        if (RatingLevels is not (0 or (>= 2 and <= 9)))
            yield return $"rating: none (0) or 2 to 9 levels were expected, found {RatingLevels}";
        if (Task == TaskKind.Rating && RatingLevels == 0)
            yield return "rating: the task of rating needs 2 to 9 levels";
        if (Overlap is < 1 or > 1000)
            yield return $"overlap: from 1 to 1,000 people were expected, found {Overlap}";
        if (OverlapShare is not (>= 0 and <= 1))
            yield return $"overlap share: a number from 0 to 1 was expected, found {OverlapShare}";
        if (RandomShare is not (>= 0 and <= 1))
            yield return $"random share: a number from 0 to 1 was expected, found {RandomShare}";
        if (CheckEvery is < 0 or 1)
            yield return $"attention checks: one among 2 or more items, or 0 for none, was expected, found {CheckEvery}";
        if (CalibrationPass is not (>= 0 and <= 1))
            yield return $"calibration: a share from 0 to 1 was expected, found {CalibrationPass}";
        if (LeaseMinutes is < 1 or > 10080)
            yield return $"lease: from 1 minute to a week (10,080) was expected, found {LeaseMinutes}";
    }
}
