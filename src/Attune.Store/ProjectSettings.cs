using System.Text.Json.Serialization;

namespace Attune.Store;

/// <summary>What annotators do with the responses of an item.</summary>
public enum TaskKind
{
    /// <summary>Two responses side by side: choose the better one.</summary>
    Pairwise,

    /// <summary>Rank two or more responses, with ties allowed; some may stay unranked.</summary>
    Ranking,

    /// <summary>Rate each response.</summary>
    Rating,

    /// <summary>Converse with models: two responses to each message; the conversation goes on from the chosen one.</summary>
    Dialogue,

    /// <summary>Choose the best and the worst of three or four responses; an item with more becomes several items.</summary>
    BestWorst,

    /// <summary>Write ideal responses to prompts, from nothing.</summary>
    Demonstration,

    /// <summary>Label each step of a response as wrong, neutral or right; the responses of an item are its steps.</summary>
    Steps,
}

/// <summary>The order in which annotators get items.</summary>
public enum ItemOrder
{
    /// <summary>In the order of the import.</summary>
    Fixed,

    /// <summary>Shuffled once, in the same order for everyone.</summary>
    Random,

    /// <summary>Items on which reward models are most uncertain come first, with a share of random ones.</summary>
    Informative,
}

/// <summary>The settings of a project, shown and changed on its page.</summary>
public sealed record ProjectSettings
{
    /// <summary>What annotators should look for, in Markdown.</summary>
    public string Guidelines { get; init; } = "";

    public TaskKind Task { get; init; } = TaskKind.Pairwise;

    /// <summary>How conversations are held; null where nobody has set it, and for other tasks.</summary>
    public DialogueSettings? Dialogue { get; init; }

    /// <summary>Whether annotators compare two responses, with the strength where it is asked for.</summary>
    [JsonIgnore]
    public bool ComparesPairs => Task is TaskKind.Pairwise or TaskKind.Dialogue;

    /// <summary>
    /// The questions about the responses of an item, each with its own decision; empty for one question with the text of the task. The
    /// first is the one that known ranks and imported decisions answer.
    /// </summary>
    public IReadOnlyList<Question> Questions { get; init; } = [];

    /// <summary>Whether annotators give each response a level and no ranks.</summary>
    [JsonIgnore]
    public bool RatesOnly => Task is TaskKind.Rating or TaskKind.Steps;

    /// <summary>
    /// Levels of how much better a response of a pair is: 0 does not ask; 4 levels for the better one (Llama 2), or a scale of 7 or 9 with
    /// a tie in the middle.
    /// </summary>
    public int StrengthLevels { get; init; }

    /// <summary>Whether ties are allowed.</summary>
    public bool Ties { get; init; } = true;

    /// <summary>Whether "all bad" is allowed, which is not a tie.</summary>
    public bool AllBad { get; init; } = true;

    /// <summary>Whether annotators can write a reason.</summary>
    public bool Rationale { get; init; } = true;

    /// <summary>Whether annotators can write a better response, which becomes a demonstration.</summary>
    public bool IdealAnswer { get; init; } = true;

    /// <summary>Levels of a Likert scale for every response: 0 does not ask, otherwise 2 to 9. The rating task needs it.</summary>
    public int RatingLevels { get; init; }

    /// <summary>Whether responses are shown as Markdown instead of plain text.</summary>
    public bool Markdown { get; init; }

    /// <summary>How many annotators decide an item of the overlap.</summary>
    public int Overlap { get; init; } = 1;

    /// <summary>The share of items that belong to the overlap; each other item is decided by one annotator.</summary>
    public double OverlapShare { get; init; } = 1;

    public ItemOrder Order { get; init; } = ItemOrder.Fixed;

    /// <summary>In the order by uncertainty: the share of items drawn at random, so that the data stay representative.</summary>
    public double RandomShare { get; init; } = 0.2;

    /// <summary>One attention check among this many items; 0 for none.</summary>
    public int CheckEvery { get; init; } = 20;

    /// <summary>The share of the calibration round that an annotator must get right to continue; 0 lets everyone continue.</summary>
    public double CalibrationPass { get; init; }

    /// <summary>How many minutes an item is reserved for an annotator.</summary>
    public int LeaseMinutes { get; init; } = 30;

    /// <summary>The key of a question in <see cref="AnnotationResult.Judgments"/>; null for the first question.</summary>
    /// <param name="question">The key of a question; null for the first.</param>
    /// <exception cref="InvalidDataException">There is no such question; the message names those that exist.</exception>
    public string? JudgmentKey(string? question)
    {
        if (question is not null && Questions.All(each => each.Key != question))
            throw new InvalidDataException(Questions.Count == 0
                ? $"this project has no question {question}: it has a single question without a key"
                : $"this project has no question {question}; its questions are {string.Join(", ", Questions.Select(each => each.Key))}");
        return question is null || question == Questions[0].Key ? null : question;
    }

    /// <summary>All invalid settings, one message each.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var problem in Question.Problems(Questions))
            yield return problem;
        if (StrengthLevels is not (0 or 4 or 7 or 9))
            yield return $"“how much better” must have 0 (not asked), 4, 7 or 9 levels (was {StrengthLevels})";
        if (RatingLevels is not (0 or (>= 2 and <= 9)))
            yield return $"the rating must have 0 (none) or 2 to 9 levels (was {RatingLevels})";
        if (Task == TaskKind.Rating && RatingLevels == 0)
            yield return "the task “Rate each answer” needs a rating with 2 to 9 levels";
        if (Task == TaskKind.Steps && RatingLevels != 3)
            yield return $"the task “Label each step” needs a rating with 3 levels: wrong, neutral, right (was {RatingLevels})";
        if (Task is TaskKind.Steps or TaskKind.Demonstration && Questions.Count > 1)
            yield return $"demonstrations and labels of steps have one question (was {Questions.Count})";
        if (Overlap is < 1 or > 1000)
            yield return $"annotators per item must be from 1 to 1,000 (was {Overlap})";
        if (OverlapShare is not (>= 0 and <= 1))
            yield return $"the share of items with several annotators must be from 0 to 1 (was {OverlapShare})";
        if (RandomShare is not (>= 0 and <= 1))
            yield return $"the share of random items must be from 0 to 1 (was {RandomShare})";
        if (CheckEvery is < 0 or 1)
            yield return $"one attention check must be among 2 or more items, or 0 for none (was {CheckEvery})";
        if (CalibrationPass is not (>= 0 and <= 1))
            yield return $"the share of right answers in the calibration round must be from 0 to 1 (was {CalibrationPass})";
        if (LeaseMinutes is < 1 or > 10080)
            yield return $"an item must be reserved for 1 minute to 10,080 minutes, a week (was {LeaseMinutes})";
        if (Task == TaskKind.Dialogue && Overlap > 1)
            yield return $"in conversations each person chooses between the answers to their own messages, so annotators per item "
                + $"must be 1 (was {Overlap})";
        if (Task == TaskKind.Dialogue && Questions.Count > 1)
            yield return $"conversations ask one question, on whose answer they go on (was {Questions.Count})";
        foreach (var problem in Dialogue?.Problems() ?? [])
            yield return problem;
    }
}
