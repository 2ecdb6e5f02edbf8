using System.CommandLine;
using Attune.Store;
using Attune.Store.Import;
using Attune.Text;

namespace Attune.Cli.Commands;

/// <summary>
/// <c>attune feedback import FILE --project NAME</c>: imports prompts with responses, or comparisons made elsewhere, as items.
/// </summary>
static class FeedbackImport
{
    static readonly Argument<string> File = new("file")
    {
        HelpName = "FILE",
        Description = "A data file of prompts with completions, or of comparisons, or a folder of them",
    };
    static readonly Option<bool> New = new("--new") { Description = "Create the project, with the task that fits the rows" };

    static readonly Option<ImportedDecisions> Decisions = ChoiceOption.Create<ImportedDecisions>(
        "--decisions", "What to do with annotations in the file: keep them, have people annotate these items again, or both");

    public static Command Create()
    {
        var command = new Command("import", "Import prompts with responses into a project: all rows, or none if one is wrong")
        {
            File, FeedbackCommand.Project, FeedbackCommand.Folder, New, Decisions,
        };
        command.SetAction(Import);
        return CommandHelp.WithExample(command, "attune feedback import data/frontdesk/rankings.jsonl --project hotel --new");
    }

    static int Import(ParseResult parsed)
    {
        var (file, name, isNew) = (parsed.GetValue(File)!, parsed.GetValue(FeedbackCommand.Project)!, parsed.GetValue(New));
        if (!Path.Exists(file))
            throw new InvalidDataException($"There is no file {file}.");
        using var cancellation = new CancellationOnSignal();
        using var store = isNew ? PreferenceStore.Open(FeedbackCommand.StorePath(parsed)) : FeedbackCommand.Open(parsed);
        var owner = store.People.All().FirstOrDefault(person => person is { Role: Role.Owner, Disabled: false })
            ?? store.People.Local();
        var project = isNew ? store.Projects.Add(name, SettingsFor(file), owner.Id) : FeedbackCommand.Find(store, name);
        var result = store.Imports.Add(project, file, owner.Id, parsed.GetValue(Decisions), cancellation: cancellation.Token);
        Console.Out.WriteLine(
            $"{project.Name}: {Quantity.Of(result.Items, "item")}, {result.Known:N0} of them with known ranks; "
            + $"{Quantity.Of(result.Decisions, "annotation")} imported");
        if (result.Decisions > 0 && parsed.GetValue(Decisions) == ImportedDecisions.Keep)
            Console.Out.WriteLine("Items with an imported annotation need no other one; to have people annotate them, import with "
                + "--decisions again or --decisions both");
        return 0;
    }

    static ProjectSettings SettingsFor(string file) =>
        Imports.TaskFor(file) is var task && task == TaskKind.Rating ? new() { Task = task, RatingLevels = 5 } : new() { Task = task };
}
