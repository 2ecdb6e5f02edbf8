using System.CommandLine;
using Attune.Data.Encoded;
using Attune.Text;

namespace Attune.Cli.Commands;

/// <summary><c>attune data cache</c>: lists and removes the files of tokenized data.</summary>
static class DataCacheCommand
{
    public const string Example = "attune data cache list data";

    static readonly Argument<string> Data = new("data")
    {
        HelpName = "DATA",
        Description = "A data file, or a folder with data (default: the current folder); the user's cache is always included",
        DefaultValueFactory = _ => ".",
    };

    public static Command Create() => CommandHelp.WithExample(
        new Command("cache", "List or remove the tokenized data that runs keep beside large data files")
        {
            Subcommand("list", "List tokenized data, with its size, method and data file", List),
            Subcommand("clear", "Remove tokenized data; a later run tokenizes again", Clear),
        },
        Example);

    static Command Subcommand(string name, string description, Action<string> run)
    {
        var command = new Command(name, description) { Data };
        command.SetAction(parsed => run(parsed.GetValue(Data)!));
        return CommandHelp.WithExample(command, $"attune data cache {name} data");
    }

    static void List(string path)
    {
        var files = CachedData.Find(path);
        foreach (var file in files)
            Console.Out.WriteLine(
                $"{Size(file.Bytes),10}  {(file.Data.Length > 0 ? $"{file.Method}  {file.Data}" : "damaged")}  ({file.Path})");
        Console.Out.WriteLine(Total(files));
    }

    static void Clear(string path)
    {
        var files = CachedData.Find(path);
        CachedData.Clear(path);
        Console.Out.WriteLine($"removed {Total(files)}");
    }

    static string Total(IReadOnlyList<CachedData> files) =>
        $"{Quantity.Of(files.Count, "file")}, {Size(files.Sum(file => file.Bytes))}";

    static string Size(long bytes) => $"{bytes / 1e6:N1} MB";
}
