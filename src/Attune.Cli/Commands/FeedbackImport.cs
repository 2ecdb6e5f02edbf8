using System.CommandLine;
using Attune.Store;
using Attune.Store.Import;

namespace Attune.Cli.Commands;

/// <summary><c>attune feedback import FILE --project NAME</c>: prompts with answers, or comparisons made elsewhere, become items.</summary>
static class FeedbackImport
{
    static readonly Argument<string> File = new("file") { Description = "A .jsonl, .jsonl.gz or .csv file: prompt and completions, or comparisons" };
    static readonly Option<bool> New = new("--new") { Description = "Make the project, with the task that fits the answers" };

    public static Command Create()
    {
        var command = new Command("import", "Bring prompts with answers into a project, all or none") { File, FeedbackCommand.Project, FeedbackCommand.Folder, New };
        command.SetAction(Import);
        return CommandHelp.WithExample(command, "attune feedback import answers.jsonl --project hotel --new");
    }

    static int Import(ParseResult parsed)
    {
        var (file, name, isNew) = (parsed.GetValue(File)!, parsed.GetValue(FeedbackCommand.Project)!, parsed.GetValue(New));
        if (!System.IO.File.Exists(file))
            throw new InvalidDataException($"there is no file {file}");
        using var store = isNew ? PreferenceStore.Open(FeedbackCommand.StorePath(parsed)) : FeedbackCommand.Open(parsed);
        var owner = store.People.All().FirstOrDefault(person => person is { Role: Role.Owner, Disabled: false }) ?? store.People.Add("You", Role.Owner);
        var project = isNew ? store.Projects.Add(name, SettingsFor(file), owner.Id) : FeedbackCommand.Find(store, name);
        var result = store.Imports.Add(project, file, owner.Id);
        Console.Out.WriteLine($"{project.Name}: {result.Items:N0} items, of them {result.Known:N0} with known answers, {result.Decisions:N0} decided already");
        return 0;
    }

    static ProjectSettings SettingsFor(string file) => Imports.TaskFor(file) is var task && task == TaskKind.Rating ? new() { Task = task, RatingLevels = 5 } : new() { Task = task };
}
