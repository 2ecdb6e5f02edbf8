using System.CommandLine;
using Attune.Export;
using Attune.Training.Options;
using Attune.Training.Parameters;

namespace Attune.Cli.Commands;

/// <summary><c>attune export gguf MODEL OUT</c>: a model as a file for llama.cpp.</summary>
static class ExportCommand
{
    const string Example = "attune export gguf runs/quickstart/2-sft frontdesk.gguf --type q8_0";

    static readonly Argument<string> Model = new("model")
    {
        HelpName = "MODEL", Description = "A model folder, an adapter, a run, or the name of a downloaded model",
    };

    static readonly Argument<string> Output = new("output") { HelpName = "OUT", Description = "The file to write, such as model.gguf" };

    static readonly Option<string> Type = new("--type")
    {
        HelpName = string.Join('|', GgufType.All.Select(type => type.Name)),
        Description = "The type of the weights; q8_0: whole numbers of 8 bits",
        DefaultValueFactory = _ => GgufType.F16.Name,
    };

    public static Command Create()
    {
        var gguf = new Command("gguf", "Write a language model as a GGUF file, for llama.cpp and programs that are built on it")
        {
            Model, Output, Type,
        };
        gguf.SetAction(parsed => Export(parsed.GetValue(Model)!, parsed.GetValue(Output)!, GgufType.Parse(parsed.GetValue(Type)!)));
        return CommandHelp.WithExample(
            new Command("export", "Write a model in a format of other programs") { CommandHelp.WithExample(gguf, Example) }, Example);
    }

    static int Export(string model, string output, GgufType type)
    {
        var folder = ModelPath.Find(model);
        var parameters = GgufExport.Write(folder, ModelFolder.LoadTokenizer(folder), output, type, NameOf(model, folder), Notices.Write);
        Console.Out.WriteLine(
            $"{output}: {parameters:N0} parameters, {type.Name}, {new FileInfo(output).Length / (double)(1 << 20):N1} MiB. "
            + $"To run it: llama-cli -m {output}");
        return 0;
    }

    /// <summary>The run's or the folder's name; for a model of the Hub, the one that was given.</summary>
    static string NameOf(string model, string folder)
    {
        if (!Directory.Exists(model))
            return model;
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        return name == "model" ? Path.GetFileName(Path.GetDirectoryName(folder))! : name;
    }
}
