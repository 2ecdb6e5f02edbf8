using System.CommandLine;
using System.Globalization;
using Attune.Models.Checkpoints;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;

namespace Attune.Cli.Commands;

/// <summary><c>attune models merge</c>, <c>convert</c> and <c>average</c>: new model folders of others.</summary>
static class ModelFilesCommands
{
    const string AllTypes = "float32|bfloat16|float16|stored";

    public static Command Merge()
    {
        var (adapter, output, dtype) = (Folder("ADAPTER", "A folder with a LoRA adapter"), Output(), Dtype("stored"));
        var command = new Command("merge", "Write the whole model of a LoRA adapter: its base model with the adapter merged")
        {
            adapter, output, dtype,
        };
        command.SetAction(parsed =>
        {
            var folder = ModelPath.Find(parsed.GetValue(adapter)!);
            return Peft.IsAdapter(folder)
                ? Write(parsed.GetValue(output)!, path => ModelConversion.Convert(folder, path, Parse(parsed.GetValue(dtype)!)))
                : throw new InvalidDataException(
                    $"{folder} is a whole model and no adapter; `attune models convert` changes the type of its weights");
        });
        return CommandHelp.WithExample(command, "attune models merge runs/sft-lora/model/adapter merged --dtype bfloat16");
    }

    public static Command Convert()
    {
        var (model, output, dtype) = (Folder("MODEL", "A model folder, an adapter or a run"), Output(), Dtype("bfloat16"));
        var command = new Command("convert", "Write a model with another type of weights") { model, output, dtype };
        command.SetAction(parsed => Write(
            parsed.GetValue(output)!, path => ModelConversion.Convert(parsed.GetValue(model)!, path, Parse(parsed.GetValue(dtype)!))));
        return CommandHelp.WithExample(command, "attune models convert runs/quickstart/2-sft sft-bf16 --dtype bfloat16");
    }

    public static Command Average()
    {
        var models = new Argument<string[]>("models")
        {
            HelpName = "MODELS", Description = "Models of one origin, or checkpoints of runs", Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--output") { HelpName = "FOLDER", Description = "The folder to write", Required = true };
        var weights = new Option<string?>("--weights")
        {
            HelpName = "W,W,…", Description = "The weight of each model (default: the same for all)",
        };
        var command = new Command("average", "Write the mean of the weights of several models") { models, output, weights };
        command.SetAction(parsed =>
        {
            var names = parsed.GetValue(models)!;
            var shares = Weights(parsed.GetValue(weights), names.Length);
            return Write(parsed.GetValue(output)!, path => ModelConversion.Average(names, shares, path));
        });
        return CommandHelp.WithExample(
            command, "attune models average runs/quickstart/2-sft runs/quickstart/5-ppo --weights 1,2 --output average");
    }

    static double[] Weights(string? text, int count)
    {
        if (text is null)
            return [.. Enumerable.Repeat(1d, count)];
        var parts = text.Split(',');
        double[] weights = [.. parts.Select(part => double.TryParse(part, CultureInfo.InvariantCulture, out var number) ? number : -1)];
        return weights.Length == count && Array.TrueForAll(weights, weight => weight > 0 && double.IsFinite(weight))
            ? weights
            : throw new InvalidDataException($"--weights must have a number above 0 for each of the {count} models (was '{text}')");
    }

    static int Write(string output, Action<string> write)
    {
        write(output);
        Console.Out.WriteLine(Path.GetFullPath(output));
        return 0;
    }

    static DType? Parse(string dtype) => dtype == "stored" ? null : DTypes.Parse(dtype);

    static Argument<string> Folder(string name, string description) =>
        new(name.ToLowerInvariant()) { HelpName = name, Description = description };

    static Argument<string> Output() => new("output") { HelpName = "OUT", Description = "The folder to write" };

    static Option<string> Dtype(string value) => new("--dtype")
    {
        HelpName = AllTypes, Description = "The type of the weights; stored: the one of each weight", DefaultValueFactory = _ => value,
    };
}
