using Attune.Data.Agreement;
using Attune.Store;

namespace Attune.Studio.Quality;

/// <summary>Statistics of a project, or of one of its annotators, at one moment, each computed when it is first used.</summary>
/// <param name="project">The project.</param>
/// <param name="person">The annotator; null for the project.</param>
/// <param name="question">The question; null for the first.</param>
/// <param name="moment">The number of <see cref="Store.StatisticsSource.Moment"/>.</param>
/// <param name="load">Loads the annotations, with what statistics need to know of the responses.</param>
/// <param name="loadJudges">Loads the votes of judges.</param>
/// <param name="few">With no more annotations than this the statistics are always exact.</param>
/// <param name="computing">Held while something is computed, so that one page's statistics are computed at a time.</param>
/// <param name="time">The clock.</param>
sealed class MomentFigures(
    long project, long? person, string? question, long moment, Func<AnswerDetail, ProjectAnnotations> load,
    Func<IReadOnlyList<JudgeVote>> loadJudges, int few, Lock computing, TimeProvider time)
{
    /// <summary>Statistics that took a second are kept for this many seconds, whatever is decided meanwhile.</summary>
    const int KeptFor = 20;

    readonly long startedAt = time.GetTimestamp();
    ProjectAnnotations? votes;
    AnswerDetail loaded;
    Lazy<AgreementFigures>? agreement;
    Lazy<IReadOnlyList<PersonFigures>>? people;
    Lazy<IReadOnlyList<JudgeFigures>>? judges;
    Lazy<IReadOnlyDictionary<(long Item, long Rater), double>>? decisions;
    readonly Lazy<ModelFigures>?[] models = new Lazy<ModelFigures>?[Enum.GetValues<StyleControl>().Length];
    TimeSpan spent;

    public AgreementFigures Agreement => Once(ref agreement, () => AgreementFigures.Of(Votes(AnswerDetail.Nothing)));

    public IReadOnlyList<PersonFigures> People => Once(ref people, () => PersonFigures.Of(Votes(AnswerDetail.Length), person));

    public IReadOnlyList<JudgeFigures> Judges => Once(ref judges, () => JudgeFigures.Of(loadJudges(), Votes(AnswerDetail.Nothing)));

    /// <summary>How much each decision agrees with the others on its item.</summary>
    public IReadOnlyDictionary<(long Item, long Rater), double> Decisions =>
        Once(ref decisions, () => OthersAgreement.ByItem(new(Votes(AnswerDetail.Nothing).Choice())));

    public ModelFigures Models(StyleControl control) => Once(ref models[(int)control], () => ModelFigures.Of(
        Votes(control == StyleControl.Style ? AnswerDetail.Style : AnswerDetail.Length), control));

    public bool IsOf(long otherProject, long? otherPerson, string? otherQuestion) =>
        project == otherProject && person == otherPerson && question == otherQuestion;

    /// <summary>Whether they are still shown: nothing was decided since, or computing them again would cost too much.</summary>
    public bool IsRecent(long now) => moment == now
        || (votes?.Annotations.Count > few && time.GetElapsedTime(startedAt) < KeptFor * spent);

    T Once<T>(ref Lazy<T>? kept, Func<T> make)
    {
        Interlocked.CompareExchange(ref kept, new(() => Compute(make)), null);
        return kept.Value;
    }

    T Compute<T>(Func<T> make)
    {
        lock (computing)
        {
            var from = time.GetTimestamp();
            var made = make();
            spent += time.GetElapsedTime(from);
            return made;
        }
    }

    /// <summary>Loads the annotations, and loads them again where statistics need the responses for the first time.</summary>
    ProjectAnnotations Votes(AnswerDetail answers)
    {
        if (votes is null || answers > loaded)
            (votes, loaded) = (load(answers), answers);
        return votes;
    }
}

/// <summary>The agreement of a project's annotators.</summary>
/// <param name="Choice">Agreement on which response is better, or on a response's level.</param>
/// <param name="Preference">The share of equal choices where both annotators prefer one of the responses.</param>
/// <param name="Degree">Agreement on how much better a response is.</param>
/// <param name="Raters">How many annotators share an item with another one.</param>
/// <param name="Pairs">
/// Every two annotators with shared items; where there are many annotators, only those with the most shared items.
/// </param>
sealed record AgreementFigures(
    GroupAgreement Choice, Estimate Preference, GroupAgreement Degree, int Raters, IReadOnlyList<CohenKappa> Pairs)
{
    /// <summary>The most annotators of <see cref="Pairs"/>: a larger table cannot be read.</summary>
    public const int MostRaters = 40;

    public static AgreementFigures Of(ProjectAnnotations votes)
    {
        var choices = new RatedUnits(votes.Choice());
        var raters = choices.Ratings.CountBy(rating => rating.Rater).ToList();
        var shown = raters.OrderByDescending(rater => rater.Value).Take(MostRaters).Select(rater => rater.Key).ToHashSet();
        return new(
            GroupAgreement.Compute(choices, votes.Choices),
            GroupAgreement.Compute(new(votes.Preference()), 2).Raw,
            GroupAgreement.Compute(new(votes.Degree()), levels: votes.DegreeLevels),
            raters.Count,
            CohenKappa.ForPairs(raters.Count > MostRaters ? new(choices.Ratings.Where(choice => shown.Contains(choice.Rater))) : choices));
    }
}

/// <summary>The models of a project and their leaderboard.</summary>
/// <param name="Names">The names of the models.</param>
/// <param name="Board">The leaderboard.</param>
/// <param name="Audit">What may distort it.</param>
/// <param name="Weighted">Strengths where the reliability of annotators is estimated too.</param>
sealed record ModelFigures(IReadOnlyList<string> Names, Leaderboard Board, LeaderboardAudit Audit, CrowdBradleyTerry Weighted)
{
    public static ModelFigures Of(ProjectAnnotations votes, StyleControl control)
    {
        var names = votes.Models();
        var comparisons = votes.Comparisons(names).ToList();
        var board = Leaderboard.Fit(comparisons, names.Count, new() { Control = control });
        return new(names, board, LeaderboardAudit.Compute(comparisons, board), CrowdBradleyTerry.Fit(comparisons, names.Count));
    }
}

/// <summary>
/// Caches the statistics viewed last, until a project changes; where there are many annotations for some time longer, so that computing
/// them while people work takes a twentieth of the processors' time at most.
/// </summary>
sealed class ProjectFigures(PreferenceStore store, TimeProvider time, int few = 1_000)
{
    const int KeptProjects = 8;
    const int KeptPeople = 32;

    readonly Lock computing = new();
    readonly List<MomentFigures> projects = [];
    readonly List<MomentFigures> people = [];

    /// <summary>Statistics of all annotations.</summary>
    /// <param name="project">The project.</param>
    /// <param name="question">The question; null for the first.</param>
    public MomentFigures Of(long project, string? question = null) =>
        Find(projects, KeptProjects, project, null, question, answers => store.Statistics.Load(project, answers, question));

    /// <summary>The statistics of one annotator, from the items that they decided.</summary>
    public PersonFigures? Of(long project, long person, string? question = null) =>
        Find(people, KeptPeople, project, person, question, _ => store.Statistics.LoadOwn(project, person, question))
            .People.SingleOrDefault();

    MomentFigures Find(List<MomentFigures> kept, int most, long project, long? person, string? question,
        Func<AnswerDetail, ProjectAnnotations> load)
    {
        var moment = store.Statistics.Moment(project);
        lock (kept)
        {
            if (kept.Find(figures => figures.IsOf(project, person, question)) is { } known)
            {
                if (known.IsRecent(moment))
                    return known;
                kept.Remove(known);
            }
            kept.Insert(0, new(project, person, question, moment, load, Judges, few, computing, time));
            if (kept.Count > most)
                kept.RemoveAt(most);
            return kept[0];
        }

        IReadOnlyList<JudgeVote> Judges() => store.Judges.Votes(store.Projects.Get(project), question);
    }
}
