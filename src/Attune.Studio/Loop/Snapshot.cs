using Attune.Data;
using Attune.Reporting.Reports;
using Attune.Store;
using Attune.Store.Export;

namespace Attune.Studio.Loop;

/// <summary>A copy of the decisions until now in a folder: the data of a run stay unchanged while annotation continues.</summary>
static class Snapshot
{
    const double HeldOutShare = 0.1;

    public static string Train(string folder) => Path.Combine(folder, "train.jsonl");

    public static string HeldOut(string folder) => Path.Combine(folder, "heldout.jsonl");

    /// <summary>The methods that can learn from the decisions of a project; those that learn from comparisons come first.</summary>
    public static IReadOnlyList<MethodDescription> Methods(PreferenceStore store, StudioOptions options, Project project) =>
    [
        .. from layout in Layouts(project)
           where store.Exports.HasRows(project, Options(layout))
           from method in options.Methods
           where layout.IsReadFor(method.Reads)
           select method,
    ];

    /// <summary>The layouts in which a project's decisions are exported for training; no two are for the same methods.</summary>
    static ExportLayout[] Layouts(Project project) => project.Settings.Task == TaskKind.Steps ? [ExportLayout.Steps] :
    [
        project.Settings.ComparesPairs || project.Settings.Task == TaskKind.BestWorst ? ExportLayout.Pairs : ExportLayout.Rankings,
        ExportLayout.Kto,
        project.Settings is { Task: TaskKind.Dialogue, Dialogue.Goal: DialogueGoal.Helpful }
            ? ExportLayout.Conversations : ExportLayout.Demonstrations,
        ExportLayout.Triples,
    ];

    /// <summary>What a snapshot for a method would contain.</summary>
    /// <exception cref="InvalidDataException">The decisions are no data for this method.</exception>
    public static ExportCounts Preview(
        PreferenceStore store, Project project, MethodDescription method, IReadOnlyList<QuestionWeight> questions) =>
        WithRows(store.Exports.Preview(project, OptionsFor(method, project, questions)), method, project);

    /// <summary>Writes the data of a method.</summary>
    /// <exception cref="InvalidDataException">The decisions are no data for this method.</exception>
    public static ExportCounts Write(PreferenceStore store, Project project, MethodDescription method,
        IReadOnlyList<QuestionWeight> questions, string folder, Person by) =>
        WithRows(store.Exports.Snapshot(project, OptionsFor(method, project, questions), folder, by.Id).Counts, method, project);

    static ExportOptions OptionsFor(MethodDescription method, Project project, IReadOnlyList<QuestionWeight> questions) =>
        Layouts(project).Where(layout => layout.IsReadFor(method.Reads)).ToList() is [var layout]
        ? Options(questions.Count > 1 && layout == ExportLayout.Rankings ? ExportLayout.Pairs : layout) with { Questions = questions }
        : throw new InvalidDataException($"{method.Name} does not learn from decisions, so it cannot be started from a project");

    static ExportOptions Options(ExportLayout layout) => new() { Layout = layout, HeldOut = HeldOutShare, OtherFields = false };

    static ExportCounts WithRows(ExportCounts counts, MethodDescription method, Project project) => counts.TrainRows > 0
        ? counts
        : throw new InvalidDataException(
            $"{project.Name} has no data for {method.Name}, which reads {DataUses.Describe(method.Reads)}; annotators must make more "
            + "decisions first");
}
