using System.CommandLine;
using Attune.Store;
using Attune.Studio;
using Attune.Text;

namespace Attune.Cli.Commands;

/// <summary><c>attune feedback</c>: imports, exports and backups of a studio's annotations.</summary>
static class FeedbackCommand
{
    public static readonly Option<string> Folder = new("--folder")
    {
        HelpName = "FOLDER", Description = "The studio's folder, or its .db file", DefaultValueFactory = _ => "studio",
    };
    public static readonly Option<string> Project = new("--project")
    {
        HelpName = "NAME", Description = "The project's name", Required = true,
    };
    static readonly Argument<string> File = new("file") { HelpName = "FILE", Description = "The backup file" };
    static readonly Option<bool> Force = new("--force") { Description = "Replace the target if it exists" };

    public static Command Create()
    {
        var list = new Command("list", "List projects and their progress") { Folder };
        list.SetAction(List);
        var backup = new Command("backup", "Write a checked backup to a file; the studio may keep running") { File, Folder, Force };
        backup.SetAction(Backup);
        var restore = new Command("restore", "Restore a studio from a backup; stop the studio first") { File, Folder, Force };
        restore.SetAction(Restore);
        return CommandHelp.WithExample(new Command("feedback", "Import prompts with responses, export annotations, back up and restore")
        {
            CommandHelp.WithExample(list, "attune feedback list"),
            FeedbackImport.Create(),
            FeedbackExport.Create(),
            FeedbackJudge.Create(),
            CommandHelp.WithExample(backup, "attune feedback backup backups/monday.db"),
            CommandHelp.WithExample(restore, "attune feedback restore backups/monday.db --folder studio --force"),
        }, """
            attune feedback import data/frontdesk/rankings.jsonl --project hotel --new
            attune feedback export --project hotel --layout pairs --held-out 0.1 --output data/hotel
            """);
    }

    /// <summary>Opens the store of an existing studio.</summary>
    public static PreferenceStore Open(ParseResult parsed) => System.IO.File.Exists(StorePath(parsed))
        ? PreferenceStore.Open(StorePath(parsed))
        : throw new InvalidDataException($"There is no studio in {parsed.GetValue(Folder)}. Name its folder with --folder.");

    public static string StorePath(ParseResult parsed) =>
        parsed.GetValue(Folder)!.EndsWith(".db", StringComparison.OrdinalIgnoreCase)
            ? parsed.GetValue(Folder)!
            : new StudioOptions { Folder = parsed.GetValue(Folder)!, Runs = "", Attune = [] }.Store;

    /// <exception cref="InvalidDataException">There is no such project; the message names those that exist.</exception>
    public static Project Find(PreferenceStore store, string name) => store.Projects.Find(name) ?? throw new InvalidDataException(
        store.Projects.All() is { Count: > 0 } all
            ? $"--project: there is no project {name}. Projects: {string.Join(", ", all.Select(project => project.Name))}."
            : "There are no projects yet.");

    static int List(ParseResult parsed)
    {
        using var store = Open(parsed);
        foreach (var project in store.Projects.All())
        {
            var progress = store.Projects.Progress(project.Id);
            var archived = project.Archived ? ", archived" : "";
            Console.Out.WriteLine(
                $"{project.Name}: {Quantity.Of(progress.Items, "item")}, {progress.Decisions:N0} of "
                + $"{Quantity.Of(progress.Wanted, "annotation")}{archived}");
        }
        return 0;
    }

    static int Backup(ParseResult parsed)
    {
        var file = parsed.GetValue(File)!;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var content = Backups.Take(StorePath(parsed), file, parsed.GetValue(Force));
        Console.Out.WriteLine($"{file}: {Summarize(content)}; checked and saved");
        return 0;
    }

    static int Restore(ParseResult parsed)
    {
        var (content, kept) = Backups.Restore(parsed.GetValue(File)!, StorePath(parsed), parsed.GetValue(Force));
        var previous = kept is null ? "" : $"\nThe previous store is kept in {kept}";
        Console.Out.WriteLine($"{StorePath(parsed)}: {Summarize(content)}{previous}");
        return 0;
    }

    static string Summarize(BackupContent content) =>
        $"{Quantity.Of(content.Projects, "project")}, {Quantity.Of(content.People, "person", "people")}, "
        + $"{Quantity.Of(content.Items, "item")}, {Quantity.Of(content.Decisions, "annotation")}";
}
