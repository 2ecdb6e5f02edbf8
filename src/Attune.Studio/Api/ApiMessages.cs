using Attune.Data.Agreement;
using Attune.Store;
using Attune.Studio.Quality;

namespace Attune.Studio.Api;

/// <summary>The projects of the person, archived ones last.</summary>
sealed record ProjectList(IReadOnlyList<ProjectSummary> Projects);

/// <summary>A project, as all its members may know it.</summary>
/// <param name="Id">The id, which is in the addresses of the project.</param>
/// <param name="Name">The name.</param>
/// <param name="Task">What annotators do with the answers of an item.</param>
/// <param name="Guidelines">What annotators should look for, in Markdown.</param>
/// <param name="Questions">The questions about the answers of an item; empty for one question with the text of the task.</param>
/// <param name="StrengthLevels">Levels of how much better an answer is: 0 (not asked), 4, 7 or 9.</param>
/// <param name="RatingLevels">Levels of the rating of every answer; 0 for no rating.</param>
/// <param name="Ties">Whether ties are allowed.</param>
/// <param name="AllBad">Whether “all bad” is allowed.</param>
/// <param name="Archived">Whether the project is archived: it has no more items to annotate.</param>
/// <param name="CreatedAt">When it was created.</param>
sealed record ProjectSummary(
    long Id, string Name, TaskKind Task, string Guidelines, IReadOnlyList<Question> Questions, int StrengthLevels, int RatingLevels,
    bool Ties, bool AllBad, bool Archived, DateTimeOffset CreatedAt)
{
    public static ProjectSummary From(Project project)
    {
        var settings = project.Settings;
        return new(project.Id, project.Name, settings.Task, settings.Guidelines, settings.Questions, settings.StrengthLevels,
            settings.RatingLevels, settings.Ties, settings.AllBad, project.Archived, project.CreatedAt);
    }
}

/// <param name="Name">The name, which no other project has.</param>
/// <param name="Settings">Its settings; those that are left out have their defaults.</param>
sealed record NewProject(string Name, ProjectSettings? Settings = null);

/// <summary>What an import added.</summary>
/// <param name="Items">How many items.</param>
/// <param name="Known">How many of them are attention checks and calibration items.</param>
/// <param name="Decisions">How many of them have an imported decision.</param>
sealed record ImportedItems(int Items, int Known, int Decisions);

/// <summary>The agreement of a project's annotators on items with at least two decisions. A value is null where it is undefined.</summary>
/// <param name="Raw">The share of pairs of annotators who decide the same; not corrected for chance.</param>
/// <param name="ClearPreferences">The same where both prefer one of the answers.</param>
/// <param name="FleissKappa">Fleiss' kappa.</param>
/// <param name="AlphaNominal">Krippendorff's alpha for nominal categories.</param>
/// <param name="AlphaOrdinal">Krippendorff's alpha for ordered levels of how much better an answer is.</param>
/// <param name="GwetAc1">Gwet's AC1.</param>
/// <param name="GwetAc2">Gwet's AC2 for ordered levels.</param>
/// <param name="Pabak">Prevalence-adjusted bias-adjusted kappa.</param>
sealed record ProjectAgreement(
    Estimate Raw, Estimate ClearPreferences, Estimate FleissKappa, Estimate AlphaNominal, Estimate AlphaOrdinal, Estimate GwetAc1,
    Estimate GwetAc2, Estimate Pabak)
{
    public static ProjectAgreement From(AgreementFigures figures) => new(
        figures.Choice.Raw, figures.Preference, figures.Choice.FleissKappa, figures.Choice.AlphaNominal, figures.Degree.AlphaOrdinal,
        figures.Choice.GwetAc1, figures.Degree.GwetAc2, figures.Choice.Pabak);
}
