using Attune.Data.Agreement;
using Attune.Store;

namespace Attune.Studio.Quality;

/// <summary>Figures of what was decided in a project up to one moment, each made when it is first asked for.</summary>
/// <param name="project">The project.</param>
/// <param name="moment">As <see cref="Store.StatisticsSource.Moment"/> counts.</param>
/// <param name="load">Reads what was decided.</param>
sealed class MomentFigures(long project, long moment, Func<ProjectAnnotations> load)
{
    readonly Lazy<ProjectAnnotations> votes = new(load);
    Lazy<AgreementFigures>? agreement;
    Lazy<IReadOnlyList<PersonFigures>>? people;
    readonly Lazy<ModelFigures>?[] models = new Lazy<ModelFigures>?[2];

    public long Project { get; } = project;

    public long Moment { get; } = moment;

    public AgreementFigures Agreement => Once(ref agreement, () => AgreementFigures.Of(votes.Value));

    public IReadOnlyList<PersonFigures> People => Once(ref people, () => PersonFigures.Of(votes.Value));

    public ModelFigures Models(bool lengthControl) => Once(ref models[lengthControl ? 1 : 0], () => ModelFigures.Of(votes.Value, lengthControl));

    static T Once<T>(ref Lazy<T>? kept, Func<T> make)
    {
        Interlocked.CompareExchange(ref kept, new(make), null);
        return kept.Value;
    }
}

/// <summary>How far the people of a project agree.</summary>
/// <param name="Choice">On which answer is better, or on an answer's level.</param>
/// <param name="Preference">Where both prefer one of the answers: the share of the same preference.</param>
/// <param name="Degree">Krippendorff's ordinal alpha of how much better it is.</param>
/// <param name="Pairs">Of every two people with common items.</param>
sealed record AgreementFigures(GroupAgreement Choice, Estimate Preference, Estimate Degree, IReadOnlyList<CohenKappa> Pairs)
{
    public static AgreementFigures Of(ProjectAnnotations votes)
    {
        var choices = new RatedUnits(votes.Choice());
        return new(
            GroupAgreement.Compute(choices, votes.Choices),
            GroupAgreement.Compute(new(votes.Preference()), 2).Raw,
            GroupAgreement.Compute(new(votes.Degree())).AlphaOrdinal,
            CohenKappa.ForPairs(choices));
    }
}

/// <summary>The models of a project and how they stand.</summary>
sealed record ModelFigures(IReadOnlyList<string> Names, Leaderboard Board)
{
    public static ModelFigures Of(ProjectAnnotations votes, bool lengthControl)
    {
        var names = votes.Models();
        return new(names, Leaderboard.Fit(votes.Comparisons(names), names.Count, new() { LengthControl = lengthControl }));
    }
}

/// <summary>The figures of the projects that were looked at last, kept while nothing is done in them.</summary>
sealed class ProjectFigures(PreferenceStore store)
{
    const int Kept = 4;

    readonly List<MomentFigures> kept = [];

    public MomentFigures Of(long project)
    {
        var moment = store.Statistics.Moment(project);
        lock (kept)
        {
            if (kept.Find(figures => figures.Project == project && figures.Moment == moment) is { } known)
                return known;
            kept.RemoveAll(figures => figures.Project == project);
            kept.Insert(0, new(project, moment, () => store.Statistics.Load(project)));
            if (kept.Count > Kept)
                kept.RemoveAt(Kept);
            return kept[0];
        }
    }
}
