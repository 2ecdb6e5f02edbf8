using Attune.Data.Agreement;
using Attune.Reporting.Charts;
using Attune.Store;

namespace Attune.Studio.Quality;

/// <summary>Formats numbers and decisions for pages.</summary>
static class Format
{
    /// <summary>How much better, by strength, as on the ranking page (annotate-choices.js).</summary>
    static readonly string[] Degrees = ["barely better or unsure", "slightly better", "better", "much better", "far better"];

    /// <summary>The labels of a step, from level 1 on.</summary>
    public static IReadOnlyList<string> StepLabels { get; } = ["wrong", "neutral", "right"];

    public static string Percent(double? share) => share is { } value ? NumberFormat.Percent(value) : "–";

    public static string Percent(Proportion proportion) => Percent(proportion.Share);

    public static string Describe(KnownItemAccuracy known) => known.Total == 0 ? "–" : $"{known.Right} of {known.Total}";

    public static string Seconds(double? seconds) => seconds switch
    {
        null => "–",
        < 10 => $"{seconds:0.0} s",
        < 120 => $"{seconds:0} s",
        _ => $"{seconds / 60:0} min",
    };

    public static string Rounded(double? number) => number?.ToString("N0") ?? "–";

    /// <summary>The letter of a response in its item, A for the first.</summary>
    public static char Letter(int place) => (char)('A' + place);

    /// <summary>The order in which an annotator saw the responses.</summary>
    public static string Shown(Annotation decision, TaskKind task) =>
        task == TaskKind.Steps ? "of the answer" : string.Join(' ', decision.Shown.Select(Letter));

    /// <summary>"Answer A", or "Step 1".</summary>
    public static string Title(TaskKind task, int place) => task == TaskKind.Steps ? $"Step {place + 1}" : $"Answer {Letter(place)}";

    /// <summary>
    /// For example "A much better", "C > A = B", "all bad", "A 4, B 2", "1 right, 2 wrong"; with several questions, "helpful: A better;
    /// harmless: tie".
    /// </summary>
    public static string Describe(AnnotationResult verdict, ProjectSettings settings) =>
        verdict.Judgments is null || settings.Questions.Count == 0 ? Describe(verdict, settings.Task)
        : string.Join("; ", settings.Questions.Select((question, i) => (question.Key, Own: verdict.For(i == 0 ? null : question.Key)))
            .Where(question => question.Own is not null).Select(question => $"{question.Key}: {Describe(question.Own!, settings.Task)}"));

    /// <summary>The decision on the first question.</summary>
    public static string Describe(AnnotationResult verdict, TaskKind task) => verdict.Outcome switch
    {
        Outcome.AllBad => "all bad",
        Outcome.Skipped => verdict.SkipReason is { } reason ? $"skipped: {reason}" : "skipped",
        Outcome.Rated when task == TaskKind.Steps => Labels(verdict.Ratings!),
        Outcome.Rated => Levels(verdict.Ratings!),
        Outcome.BestWorst => $"best {Letter(verdict.Ranks!.ToList().IndexOf(0))}, worst {Letter(verdict.Ranks!.ToList().IndexOf(2))}",
        _ when verdict.Ranks is [] => "answer written",
        _ => verdict.Ranks is [{ } a, { } b] ? Pair(a, b, verdict.Strength) : Order(verdict.Ranks!),
    };

    static string Pair(int a, int b, int? strength) =>
        a == b ? "tie" : $"{(a < b ? 'A' : 'B')} {Degrees.ElementAtOrDefault(strength ?? -1) ?? "better"}";

    static string Order(IReadOnlyList<int?> ranks) => string.Join(" > ", ranks.Index().Where(rank => rank.Item is not null)
        .GroupBy(rank => rank.Item!.Value, rank => Letter(rank.Index)).OrderBy(level => level.Key)
            .Select(level => string.Join(" = ", level)));

    static string Levels(IReadOnlyList<int?> ratings) =>
        string.Join(", ", ratings.Index().Select(rating => $"{Letter(rating.Index)} {rating.Item?.ToString() ?? "–"}"));

    static string Labels(IReadOnlyList<int?> ratings) => string.Join(", ",
        ratings.Index().Select(rating => $"{rating.Index + 1} {(rating.Item is { } level ? StepLabels[level - 1] : "–")}"));
}
