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
            File, FeedbackCommand.Project, FeedbackCommand.Folder, FeedbackCommand.Store, New, Decisions,
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
        var (project, result) = isNew
            ? ImportNew(parsed, file, name, cancellation.Token)
            : ImportInto(parsed, file, name, cancellation.Token);
        Console.Out.WriteLine(
            $"{project}: {Quantity.Of(result.Items, "item")}, {result.Known:N0} of them with known ranks; "
            + $"{Quantity.Of(result.Decisions, "annotation")} imported");
        if (result.Decisions > 0 && parsed.GetValue(Decisions) == ImportedDecisions.Keep)
            Console.Out.WriteLine("Items with an imported annotation need no other one; to have people annotate them, import with "
                + "--decisions again or --decisions both");
        return 0;
    }

    /// <summary>Reads the file first: a refused file or name leaves no store.</summary>
    static (string Project, ImportResult Result) ImportNew(ParseResult parsed, string file, string name, CancellationToken cancellation)
    {
        var rows = ImportRows.Read(file, cancellation: cancellation);
        name = Projects.Checked(name, rows.Settings);
        using var store = PreferenceStore.Open(FeedbackCommand.StorePath(parsed));
        return (name, store.Imports.AddProject(name, rows, OwnerOf(store), parsed.GetValue(Decisions), cancellation));
    }

    static (string Project, ImportResult Result) ImportInto(ParseResult parsed, string file, string name, CancellationToken cancellation)
    {
        using var store = FeedbackCommand.Open(parsed);
        var project = FeedbackCommand.Find(store, name);
        var rows = ImportRows.Read(file, project.Settings, cancellation: cancellation);
        return (project.Name, store.Imports.Add(project, rows, OwnerOf(store), parsed.GetValue(Decisions), cancellation));
    }

    /// <summary>The person whom imports are recorded for.</summary>
    public static long OwnerOf(PreferenceStore store) =>
        (store.People.All().FirstOrDefault(person => person is { Role: Role.Owner, Disabled: false }) ?? store.People.Local()).Id;
}
