using System.CommandLine;
using Attune.Cli.Display;
using Attune.Hub;
using Attune.Models.Checkpoints;
using Attune.Models.Families;

namespace Attune.Cli.Commands;

/// <summary>
/// <c>attune models get NAME</c> and <c>attune data get NAME</c>: the files of a repository of the Hugging Face Hub, in the cache of
/// huggingface_hub.
/// </summary>
static class GetCommand
{
    public const string ModelExample = "attune models get Qwen/Qwen2.5-0.5B-Instruct";
    const string DataExample = "attune data get openai/gsm8k 'main/*'";

    public static Command Create(HubKind kind)
    {
        var name = new Argument<string>("name")
        {
            HelpName = "NAME", Description = "OWNER/NAME, or OWNER/NAME@REVISION for a branch, tag or commit",
        };
        var files = new Argument<string[]>("files")
        {
            HelpName = "FILES",
            Description = "Data files to get; * matches any text (default: all)", Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command(
            "get", $"Get a {kind.Noun()} from the Hugging Face Hub; continues where it was stopped")
        {
            name,
        };
        if (kind == HubKind.Dataset)
            command.Add(files);
        command.SetAction(parsed => Get(
            HubRepository.Parse(kind, parsed.GetValue(name)!), kind == HubKind.Dataset ? parsed.GetValue(files) ?? [] : []));
        return CommandHelp.WithExample(command, kind == HubKind.Model ? ModelExample : DataExample);
    }

    static int Get(HubRepository repository, string[] patterns)
    {
        using var interruption = new CancellationOnSignal();
        var settings = HubSettings.FromEnvironment();
        var display = new DownloadDisplay(Console.Error, isLive: Displays.WantsLive(
            Console.IsErrorRedirected, Environment.GetEnvironmentVariable));
        var download = new HubDownload(settings, display) { OnPlan = display.Begin, OnFile = Check };
        var folder = download.Get(
            repository,
            files => repository.Kind == HubKind.Model
                ? HubFiles.OfModel(repository, files)
                : HubFiles.OfDataset(repository, files, patterns),
            interruption.Token).GetAwaiter().GetResult();
        Console.Out.WriteLine(folder);
        Console.Error.WriteLine(ProgramName.InCommandsOf(Closing(repository, folder)));
        return 0;

        void Check(HubFile file, string path)
        {
            display.End(file);
            if (repository.Kind == HubKind.Model && file.Name == "config.json")
                _ = ModelFamily.FromConfig(new(Pretrained.ReadConfig(Path.GetDirectoryName(path)!), $"config.json of {repository}"));
        }
    }

    /// <summary>What can be done with the files.</summary>
    static string Closing(HubRepository repository, string folder)
    {
        if (repository.Kind == HubKind.Dataset)
            return "To read it: " + string.Join(
                ", ",
                Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file))
                    .Where(HubFiles.IsData).Order(StringComparer.Ordinal).Take(3).Select(file => $"data.train={repository.Id}/{file}"));
        if (!Peft.IsAdapter(folder))
            return $"Use its name like a folder: `attune models show {repository}`, `model={repository}`.";
        try
        {
            return $"An adapter; its base model is in {Peft.BaseFolder(folder)}.";
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }
}
