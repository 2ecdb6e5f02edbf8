using Attune.Data.Agreement;
using Attune.Store;

namespace Attune.Studio.Quality;

/// <summary>Statistics of a project at one moment, each computed when it is first used.</summary>
/// <param name="project">The project.</param>
/// <param name="moment">The number of <see cref="Store.StatisticsSource.Moment"/>.</param>
/// <param name="load">Loads the annotations.</param>
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

    public ModelFigures Models(bool lengthControl) =>
        Once(ref models[lengthControl ? 1 : 0], () => ModelFigures.Of(votes.Value, lengthControl));

    static T Once<T>(ref Lazy<T>? kept, Func<T> make)
    {
        Interlocked.CompareExchange(ref kept, new(make), null);
        return kept.Value;
    }
}

/// <summary>The agreement of a project's annotators.</summary>
/// <param name="Choice">Agreement on which response is better, or on a response's level.</param>
/// <param name="Preference">The share of equal choices where both annotators prefer one of the responses.</param>
/// <param name="Degree">Krippendorff's ordinal alpha of how much better a response is.</param>
/// <param name="Pairs">Every two annotators with shared items.</param>
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

/// <summary>The models of a project and their leaderboard.</summary>
sealed record ModelFigures(IReadOnlyList<string> Names, Leaderboard Board)
{
    public static ModelFigures Of(ProjectAnnotations votes, bool lengthControl)
    {
        var names = votes.Models();
        return new(names, Leaderboard.Fit(votes.Comparisons(names), names.Count, new() { LengthControl = lengthControl }));
    }
}

/// <summary>Caches the statistics of the projects viewed last, until a project changes.</summary>
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
