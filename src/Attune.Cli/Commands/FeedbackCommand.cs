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
    public static readonly Option<string?> Store = new("--store")
    {
        HelpName = "ADDRESS", Description = "The store: a .db file or postgresql://USER@HOST/DATABASE; studio.db in the folder by default",
    };
    static readonly Argument<string> From = new("from")
    {
        HelpName = "FROM", Description = "The store to copy: a studio's folder, a .db file or an address",
    };
    static readonly Argument<string> To = new("to") { HelpName = "TO", Description = "The new store, like FROM" };
    static readonly Argument<string> File = new("file") { HelpName = "FILE", Description = "The backup file" };
    static readonly Option<bool> Force = new("--force") { Description = "Replace the target if it exists" };

    public static Command Create()
    {
        var list = new Command("list", "List projects and their progress") { Folder, Store };
        list.SetAction(List);
        var backup = new Command("backup", "Write a checked backup to a file; the studio may keep running") { File, Folder, Store, Force };
        backup.SetAction(Backup);
        var restore = new Command("restore", "Restore a studio from a backup; stop the studio first") { File, Folder, Force };
        restore.SetAction(Restore);
        var copy = new Command("copy", "Copy a whole store into a new one, such as from a file to PostgreSQL") { From, To };
        copy.SetAction(Copy);
        return CommandHelp.WithExample(new Command("feedback", "Import prompts with responses, export annotations, back up and restore")
        {
            CommandHelp.WithExample(list, "attune feedback list"),
            FeedbackImport.Create(),
            FeedbackExport.Create(),
            FeedbackJudge.Create(),
            CommandHelp.WithExample(backup, "attune feedback backup backups/monday.db"),
            CommandHelp.WithExample(restore, "attune feedback restore backups/monday.db --folder studio --force"),
            CommandHelp.WithExample(copy, "attune feedback copy studio postgresql://attune@localhost/attune"),
        }, """
            attune feedback import data/frontdesk/rankings.jsonl --project hotel --new
            attune feedback export --project hotel --layout pairs --held-out 0.1 --output data/hotel
            """);
    }

    /// <summary>Opens the store of an existing studio.</summary>
    public static PreferenceStore Open(ParseResult parsed) => StorePath(parsed) is var store
        && (PreferenceStore.IsPostgres(store) || System.IO.File.Exists(store))
        ? PreferenceStore.Open(store)
        : throw new InvalidDataException($"There is no store {store}. Name a studio's folder with --folder, or a store with --store.");

    public static string StorePath(ParseResult parsed) => parsed.GetValue(Store) ?? StorePath(parsed.GetValue(Folder)!);

    /// <param name="place">The studio's folder, its .db file, or the address of its database.</param>
    static string StorePath(string place) =>
        place.EndsWith(".db", StringComparison.OrdinalIgnoreCase) || PreferenceStore.IsPostgres(place)
            ? place : new StudioOptions { Folder = place, Runs = "", Attune = [] }.Store;

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
        MustBeFile(parsed);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var content = Backups.Take(StorePath(parsed), file, parsed.GetValue(Force));
        Console.Out.WriteLine($"{file}: {Summarize(content)}; checked and saved");
        return 0;
    }

    static int Restore(ParseResult parsed)
    {
        MustBeFile(parsed);
        var (content, kept) = Backups.Restore(parsed.GetValue(File)!, StorePath(parsed), parsed.GetValue(Force));
        var previous = kept is null ? "" : $"\nThe previous store is kept in {kept}";
        Console.Out.WriteLine($"{StorePath(parsed)}: {Summarize(content)}{previous}");
        return 0;
    }

    /// <exception cref="InvalidDataException">The store is a PostgreSQL database.</exception>
    static void MustBeFile(ParseResult parsed)
    {
        if (PreferenceStore.IsPostgres(StorePath(parsed)))
            throw new InvalidDataException("A PostgreSQL store is backed up with pg_dump and restored with pg_restore, or copied to a "
                + "file and back with `attune feedback copy`.");
    }

    static int Copy(ParseResult parsed)
    {
        var copied = StoreCopy.Run(StorePath(parsed.GetValue(From)!), StorePath(parsed.GetValue(To)!));
        foreach (var table in copied)
            Console.Out.WriteLine($"{table.Name}: {Quantity.Of(table.Rows, "row")}");
        Console.Out.WriteLine("Copied and checked: both stores have the same rows.");
        return 0;
    }

    static string Summarize(BackupContent content) =>
        $"{Quantity.Of(content.Projects, "project")}, {Quantity.Of(content.People, "person", "people")}, "
        + $"{Quantity.Of(content.Items, "item")}, {Quantity.Of(content.Decisions, "annotation")}";
}
