using Attune.Data.Agreement;
using MathNet.Numerics.Statistics;

namespace Attune.Store;

/// <summary>Statistics of an annotator in a project. Those about choices cover ordinary items only.</summary>
public sealed record PersonFigures
{
    const double FastShare = 0.25;

    /// <summary>The least decisions of a block of <see cref="OthersDrift"/> and of <see cref="KnownDrift"/>.</summary>
    public const int OthersBlock = 20, KnownBlock = 10;

    public long Person { get; init; }

    /// <summary>Decisions on all kinds of items, without skips.</summary>
    public int Decisions { get; init; }

    public int Skips { get; init; }

    /// <summary>Decisions by UTC day, for days with at least one, in order.</summary>
    public required IReadOnlyList<KeyValuePair<DateOnly, int>> Days { get; init; }

    /// <summary>Decisions per hour of work, without idle time; null where no time was recorded.</summary>
    public double? PerHour { get; init; }

    public double? MedianSeconds { get; init; }

    /// <summary>
    /// Of decisions with one best and one worst response: how often the best was shown first, or on the left. Annotators without a position
    /// bias are near ½.
    /// </summary>
    public required Proportion First { get; init; }

    /// <summary>Of the same decisions: how often the best was the longer of the two; equal lengths are not counted.</summary>
    public required Proportion Longer { get; init; }

    /// <summary>Decisions without a better response, including those with all responses bad.</summary>
    public required Proportion Ties { get; init; }

    /// <summary>Decisions with all responses bad.</summary>
    public required Proportion AllBad { get; init; }

    /// <summary>Agreement with every other annotator on shared items; null where there is none.</summary>
    public Estimate? Others { get; init; }

    /// <summary>
    /// Agreement with others over time. An observation is a decision: the share of the other annotators' choices on its item that are
    /// equal.
    /// </summary>
    public required Drift OthersDrift { get; init; }

    /// <summary>Accuracy on attention checks and calibration items over time.</summary>
    public required Drift KnownDrift { get; init; }

    /// <summary>
    /// The probability that the annotator prefers the better response, where they prefer one, by the model of Dawid and Skene; null where
    /// the annotator shares no preference with others, and in an annotator's own statistics.
    /// </summary>
    public AnnotatorAbility? Ability { get; init; }

    /// <summary>Decisions in less than a quarter of everyone's median time.</summary>
    public required Proportion Fast { get; init; }

    /// <summary>Accuracy on attention checks.</summary>
    public required KnownItemAccuracy Checks { get; init; }

    /// <summary>Accuracy in the calibration round.</summary>
    public required KnownItemAccuracy Calibration { get; init; }

    /// <summary>The statistics of every annotator with a decision.</summary>
    /// <param name="votes">The annotations.</param>
    /// <param name="only">The annotator whose statistics are computed; null for all.</param>
    public static IReadOnlyList<PersonFigures> Of(ProjectAnnotations votes, long? only = null)
    {
        var units = new RatedUnits(votes.Choice());
        var (others, decisions) = (OthersAgreement.ByRater(units), OthersAgreement.ByItem(units));
        var abilities = only is null ? AbilitiesOf(new(votes.Preference())) : [];
        var times = votes.Ordinary.Select(vote => vote.Seconds).ToArray();
        var fast = times.Length > 0 ? FastShare * times.Median() : 0;
        return [.. votes.Annotations.Where(vote => !vote.Adjudicates && (only ?? vote.Person) == vote.Person).GroupBy(vote => vote.Person)
            .Select(person => Of(person.Key, [.. person], votes, fast, decisions) with
            {
                Others = others.GetValueOrDefault(person.Key), Ability = abilities.GetValueOrDefault(person.Key),
            })
            .OrderByDescending(person => person.Decisions)];
    }

    static Dictionary<long, AnnotatorAbility> AbilitiesOf(RatedUnits units)
    {
        var model = DawidSkene.Fit(units);
        return model.Raters.Zip(model.Abilities()).ToDictionary(rater => rater.First, rater => rater.Second);
    }

    static PersonFigures Of(long person, List<AnnotationSummary> all, ProjectAnnotations votes, double fast,
        IReadOnlyDictionary<(long Item, long Rater), double> agreement)
    {
        var decided = all.Where(vote => vote.Outcome != Outcome.Skipped).ToList();
        var ordinary = decided.Where(vote => vote.Kind == ItemKind.Normal).ToList();
        var hours = decided.Sum(vote => vote.Seconds) / 3600;
        return new()
        {
            Person = person,
            Decisions = decided.Count,
            Skips = all.Count - decided.Count,
            Days = [.. decided.CountBy(vote => DateOnly.FromDateTime(vote.At.UtcDateTime)).OrderBy(day => day.Key)],
            PerHour = hours > 0 ? decided.Count / hours : null,
            MedianSeconds = decided.Count > 0 ? decided.Select(vote => vote.Seconds).Median() : null,
            First = Share(ordinary, (vote, best, worst) => vote.ShowsFirst(best, worst)),
            Longer = Share(ordinary, (vote, best, worst) => Longest(votes.Answers[vote.Item], best, worst)),
            Fast = new(ordinary.Count(vote => vote.Seconds < fast), ordinary.Count),
            Ties = new(ordinary.Count(vote => vote.Pairs().All(pair => pair.Sign == 0)), ordinary.Count),
            AllBad = new(ordinary.Count(vote => vote.Outcome == Outcome.AllBad), ordinary.Count),
            OthersDrift = Drift.Compute([.. ordinary.OrderBy(vote => vote.At).Where(vote => agreement.ContainsKey((vote.Item, person)))
                .Select(vote => (vote.At, agreement[(vote.Item, person)]))], OthersBlock),
            KnownDrift = Drift.Compute([.. decided.Where(vote => vote.Kind != ItemKind.Normal).OrderBy(vote => vote.At)
                .Select(vote => (vote.At, IsRight(vote, votes) ? 1.0 : 0.0))], KnownBlock),
            Checks = Known(decided, ItemKind.Check, votes),
            Calibration = Known(decided, ItemKind.Calibration, votes),
        };
    }

    static Proportion Share(IEnumerable<AnnotationSummary> votes, Func<AnnotationSummary, int, int, bool?> holds)
    {
        var cases = votes.Select(vote => vote.Extremes() is var (best, worst) ? holds(vote, best, worst) : null).OfType<bool>().ToList();
        return new(cases.Count(each => each), cases.Count);
    }

    static bool? Longest(IReadOnlyList<AnswerFacts> answers, int best, int worst) =>
        answers[best].Length == answers[worst].Length ? null : answers[best].Length > answers[worst].Length;

    static KnownItemAccuracy Known(IEnumerable<AnnotationSummary> decided, ItemKind kind, ProjectAnnotations votes)
    {
        var right = decided.Where(vote => vote.Kind == kind).Select(vote => IsRight(vote, votes)).ToList();
        return new(right.Count(each => each), right.Count);
    }

    static bool IsRight(AnnotationSummary vote, ProjectAnnotations votes) => KnownItemAccuracy.IsRight(votes.Expected[vote.Item],
        new AnnotationResult { Outcome = vote.Outcome, Ranks = vote.Ranks, Ratings = vote.Ratings });
}
