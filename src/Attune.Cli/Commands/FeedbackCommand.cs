using System.CommandLine;
using Attune.Store;
using Attune.Studio;

namespace Attune.Cli.Commands;

/// <summary><c>attune feedback</c>: what people decided, out of a studio and into it, and copies of it.</summary>
static class FeedbackCommand
{
    public static readonly Option<string> Folder = new("--folder") { Description = "The studio's folder, or its file", DefaultValueFactory = _ => "studio" };
    public static readonly Option<string> Project = new("--project") { Description = "The project's name", Required = true };
    static readonly Argument<string> File = new("file") { Description = "The copy" };
    static readonly Option<bool> Force = new("--force") { Description = "Whether what is there makes way" };

    public static Command Create()
    {
        var list = new Command("list", "Show the projects and how far they are") { Folder };
        list.SetAction(List);
        var backup = new Command("backup", "Copy everything into a file, checked, while the studio may go on") { File, Folder, Force };
        backup.SetAction(Backup);
        var restore = new Command("restore", "Put a checked copy in the place of a studio's store") { File, Folder, Force };
        restore.SetAction(Restore);
        return CommandHelp.WithExample(new Command("feedback", "Export what people decided, import answers, back up and restore")
        {
            CommandHelp.WithExample(list, "attune feedback list"),
            FeedbackImport.Create(),
            FeedbackExport.Create(),
            CommandHelp.WithExample(backup, "attune feedback backup backups/monday.db"),
            CommandHelp.WithExample(restore, "attune feedback restore backups/monday.db --folder studio --force"),
        }, """
            attune feedback import answers.jsonl --project hotel --new
            attune feedback export --project hotel --layout pairs --held-out 0.1 --output data/hotel
            """);
    }

    /// <summary>The store of a studio that is there.</summary>
    public static PreferenceStore Open(ParseResult parsed) => System.IO.File.Exists(StorePath(parsed))
        ? PreferenceStore.Open(StorePath(parsed))
        : throw new InvalidDataException($"there is no studio in {parsed.GetValue(Folder)}; name its folder by --folder");

    public static string StorePath(ParseResult parsed) =>
        parsed.GetValue(Folder)!.EndsWith(".db", StringComparison.OrdinalIgnoreCase) ? parsed.GetValue(Folder)! : new StudioOptions { Folder = parsed.GetValue(Folder)!, Runs = "", Attune = [] }.Store;

    /// <exception cref="InvalidDataException">There is no such project; the message names those that are there.</exception>
    public static Project Find(PreferenceStore store, string name) => store.Projects.Find(name) ?? throw new InvalidDataException(
        store.Projects.All() is { Count: > 0 } all ? $"--project: there is no project {name}; there are {string.Join(", ", all.Select(project => project.Name))}" : "there are no projects yet");

    static int List(ParseResult parsed)
    {
        using var store = Open(parsed);
        foreach (var project in store.Projects.All())
        {
            var progress = store.Projects.Progress(project.Id);
            Console.Out.WriteLine($"{project.Name}: {progress.Items:N0} items, {progress.Decisions:N0} of {progress.Wanted:N0} decisions{(project.Archived ? ", archived" : "")}");
        }
        return 0;
    }

    static int Backup(ParseResult parsed)
    {
        var file = parsed.GetValue(File)!;
        var content = Backups.Take(StorePath(parsed), file, parsed.GetValue(Force));
        Console.Out.WriteLine($"{file}: {Words(content)}; checked and on disk");
        return 0;
    }

    static int Restore(ParseResult parsed)
    {
        var (content, kept) = Backups.Restore(parsed.GetValue(File)!, StorePath(parsed), parsed.GetValue(Force));
        Console.Out.WriteLine($"{StorePath(parsed)}: {Words(content)}{(kept is null ? "" : $"\nWhat was there before lies in {kept}")}");
        return 0;
    }

    static string Words(BackupContent content) => $"{content.Projects:N0} projects, {content.Items:N0} items, {content.Decisions:N0} decisions of {content.People:N0} people";
}
