namespace Attune.Store;

/// <summary>Checks that an annotation matches its project's settings.</summary>
static class AnnotationRules
{
    const int LongestText = 100_000;
    const int Wrong = 1;     // the level of a wrong step

    /// <exception cref="InvalidDataException">It does not match; the message says what is allowed.</exception>
    public static AnnotationResult Checked(AnnotationResult? verdict, ProjectSettings settings, int answers)
    {
        if (verdict?.Flags is null || !Enum.IsDefined(verdict.Outcome) || !verdict.Flags.All(Enum.IsDefined))
            throw new InvalidDataException("a decision needs an outcome and a list of flags");
        var problem = Problem(verdict, settings, answers);
        return problem is null ? Tidy(verdict) : throw new InvalidDataException(problem);
    }

    static string? Problem(AnnotationResult verdict, ProjectSettings settings, int answers) =>
        Texts(verdict).Any(text => text?.Length > LongestText) ? $"texts must have at most {LongestText:N0} characters"
        : !settings.Rationale && Trimmed(verdict.Rationale) is not null ? "this project does not ask for a reason"
        : !settings.IdealAnswer && settings.Task != TaskKind.Demonstration && Trimmed(verdict.Ideal) is not null
            ? "this project does not ask for a better answer"
        : OutcomeProblem(verdict, settings, answers) ?? JudgmentsProblem(verdict, settings, answers);

    static string? OutcomeProblem(AnnotationResult verdict, ProjectSettings settings, int answers) => verdict.Ratings is { } ratings
        && (ratings.Count != answers || ratings.Any(rating => rating < 1 || rating > settings.RatingLevels))
        ? $"ratings must be from 1 to {settings.RatingLevels}, or empty, one for each of {answers} answers"
        : verdict.Outcome switch
        {
            Outcome.Skipped => null,
            Outcome.AllBad => settings.AllBad ? null : "this project does not allow “all bad”",
            Outcome.BestWorst => BestWorstProblem(verdict, settings, answers),
            Outcome.Ranked when settings.Task == TaskKind.Demonstration =>
                Trimmed(verdict.Ideal) is null || verdict.Ranks is not [] ? "write an answer" : null,
            Outcome.Rated => RatingsProblem(verdict.Ratings, settings),
            _ => RanksProblem(verdict, settings, answers),
        };

    /// <summary>Every response has a rating; of steps, every one up to the first wrong one.</summary>
    static string? RatingsProblem(IReadOnlyList<int?>? ratings, ProjectSettings settings) => settings switch
    {
        { RatesOnly: false } => "this project needs ranks; ratings alone are not enough",
        { Task: TaskKind.Steps } when ratings?.TakeWhile(level => level != Wrong).Contains(null) != false =>
            "label every step up to the first wrong one",
        { Task: TaskKind.Rating } when ratings?.Contains(null) != false => "rate every answer",
        _ => null,
    };

    /// <summary>All questions but the first have a decision too, unless the item is skipped.</summary>
    static string? JudgmentsProblem(AnnotationResult verdict, ProjectSettings settings, int answers)
    {
        if (verdict.Outcome == Outcome.Skipped)
            return null;
        var keys = settings.Questions.Skip(1).Select(question => question.Key).ToHashSet(StringComparer.Ordinal);
        if (!keys.SetEquals(verdict.Judgments?.Keys ?? []))
            return keys.Count == 0 ? "this project has a single question"
                : $"decide every question: {string.Join(", ", settings.Questions.Select(question => question.Key))}";
        if (verdict.Judgments?.Values.All(own => own is { Outcome: not Outcome.Skipped } && Enum.IsDefined(own.Outcome)) == false)
            return "a decision on a question needs an outcome, which cannot be “skipped”";
        return keys.Select(key => OutcomeProblem(verdict.For(key)!, settings, answers) is { } problem ? $"{key}: {problem}" : null)
            .FirstOrDefault(problem => problem is not null);
    }

    static string? BestWorstProblem(AnnotationResult verdict, ProjectSettings settings, int answers) =>
        settings.Task != TaskKind.BestWorst ? "this project does not ask for the best and the worst answer"
        : verdict.Ranks is not { } ranks || ranks.Count != answers || ranks.Count(rank => rank == 0) != 1
            || ranks.Count(rank => rank == 2) != 1 || ranks.Count(rank => rank == 1) != answers - 2
            ? $"choose the best and the worst of {answers} answers: one rank 0, one rank 2, and 1 for all others"
        : verdict.Strength is null ? null : "this project does not ask for a strength";

    static string? RanksProblem(AnnotationResult verdict, ProjectSettings settings, int answers)
    {
        if (settings.RatesOnly)
            return "this project needs ratings, not ranks";
        if (settings.Task == TaskKind.BestWorst)
            return "this project needs the best and the worst answer, not an order";
        if (verdict.Ranks is not { } ranks || ranks.Count != answers || ranks.Count(rank => rank is not null) < 2
            || ranks.Any(rank => rank < 0 || rank >= answers))
            return $"ranks must be whole numbers from 0, for at least two of {answers} answers";
        var tie = ranks.Where(rank => rank is not null).Distinct().Count() < ranks.Count(rank => rank is not null);
        if (tie && !settings.Ties)
            return "this project does not allow ties";
        var (least, most) = settings.StrengthLevels switch { 4 => (0, 3), 7 => (1, 3), 9 => (1, 4), _ => (0, -1) };
        if (settings.ComparesPairs && settings.StrengthLevels > 0 && !tie)
            return verdict.Strength is { } strength && strength >= least && strength <= most ? null
                : $"the strength must be from {least} to {most}";
        return verdict.Strength is null ? null : "this project does not ask for a strength";
    }

    /// <summary>Whether a decision, in the order shown, is the one that is kept.</summary>
    public static bool HasSameContent(Annotation kept, AnnotationResult? sent)
    {
        return sent?.Flags is not null && IsWhole(sent)
            && (sent.Outcome == Outcome.Skipped
                || sent.Judgments?.All(own => own.Value is not null && IsWhole(sent.For(own.Key)!)) != false)
            && SqlTypes.ToJson(Tidy(sent).ByPlace(kept.Shown)) == SqlTypes.ToJson(kept.Result);

        bool IsWhole(AnnotationResult verdict) => Fits(verdict.Ranks) && Fits(verdict.Ratings)
            && (verdict.Outcome is not (Outcome.Ranked or Outcome.BestWorst) || verdict.Ranks is not null);

        bool Fits(IReadOnlyList<int?>? values) => values is null || values.Count == kept.Shown.Count;
    }

    static IEnumerable<string?> Texts(AnnotationResult verdict) => [verdict.Rationale, verdict.Ideal, verdict.SkipReason];

    /// <summary>Makes ranks contiguous and blank texts null.</summary>
    static AnnotationResult Tidy(AnnotationResult verdict)
    {
        var first = Tidied(verdict);
        return verdict with
        {
            Ranks = first.Ranks,
            Strength = first.Strength,
            Ratings = first.Ratings,
            Judgments = verdict is { Outcome: not Outcome.Skipped, Judgments.Count: > 0 }
                ? new SortedDictionary<string, Judgment>(
                    verdict.Judgments.ToDictionary(own => own.Key, own => Tidied(verdict.For(own.Key)!)), StringComparer.Ordinal) : null,
            Flags = [.. verdict.Flags.Distinct().Order()],
            Rationale = Trimmed(verdict.Rationale),
            Ideal = Trimmed(verdict.Ideal),
            SkipReason = verdict.Outcome == Outcome.Skipped ? Trimmed(verdict.SkipReason) : null,
        };
    }

    static Judgment Tidied(AnnotationResult verdict) => new()
    {
        Outcome = verdict.Outcome,
        Ranks = verdict.Outcome switch
        {
            Outcome.Ranked => WithoutGaps(verdict.Ranks!),
            Outcome.BestWorst => verdict.Ranks,
            _ => null,
        },
        Strength = verdict.Outcome == Outcome.Ranked ? verdict.Strength : null,
        Ratings = verdict.Ratings?.Any(rating => rating is not null) == true ? verdict.Ratings : null,
    };

    /// <summary>The same order with contiguous ranks from 0.</summary>
    public static IReadOnlyList<int?> WithoutGaps(IReadOnlyList<int?> ranks)
    {
        var levels = ranks.OfType<int>().Distinct().Order().ToList();
        return [.. ranks.Select(rank => rank is { } own ? (int?)levels.IndexOf(own) : null)];
    }

    static string? Trimmed(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
