using System.CommandLine;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary>Arguments of commands that score with a reward model or an ensemble.</summary>
sealed class EnsembleArguments
{
    readonly Argument<string> model = new("model") { HelpName = "MODEL", Description = "A reward model's folder" };
    readonly Option<string[]> with = new("--with")
    {
        HelpName = "FOLDER", Description = "Another reward model of the ensemble; may be repeated",
    };
    readonly Option<EnsembleCombination> combine = ChoiceOption.Create<EnsembleCombination>(
        "--combine", "How scores of several models or heads are combined; deviations: mean minus --deviations standard deviations");
    readonly Option<double> deviations = NumberOption.Create("--deviations", "Standard deviations that are subtracted from the mean", 1);
    readonly Option<StepScore?> steps = ChoiceOption.CreateOptional<StepScore>(
        "--steps", "For a process reward model: how the probabilities of steps become the score of a response (default: min)");
    readonly Option<string> device = ModelOptions.Device();
    readonly Option<string> dtype = ModelOptions.Dtype();

    /// <summary>Adds the arguments to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[with, combine, deviations, steps])
            command.Options.Add(option);
        AddModelTo(command);
    }

    /// <summary>Adds those of one model whose scores are not combined.</summary>
    public void AddModelTo(Command command)
    {
        command.Arguments.Insert(0, model);
        command.Options.Add(device);
        command.Options.Add(dtype);
    }

    /// <summary>The folder of the first model.</summary>
    public string Model(ParseResult parsed) => parsed.GetValue(model)!;

    /// <summary>Loads the reward models.</summary>
    /// <exception cref="InvalidDataException">A folder has no reward model.</exception>
    public RewardScorer Load(ParseResult parsed)
    {
        string[] folders = [Model(parsed), .. parsed.GetValue(with) ?? []];
        var tokenizers = Array.ConvertAll(folders, ModelFolder.LoadTokenizer);   // first: the device needs libtorch, which may be loading
        var on = Device.Parse(parsed.GetValue(device)!);
        return RewardScorer.Load(
            folders, on, ModelOptions.ParseDtype(parsed.GetValue(dtype)!, on, folders),
            new() { Combine = parsed.GetValue(combine), Deviations = parsed.GetValue(deviations) }, parsed.GetValue(steps), tokenizers);
    }
}
