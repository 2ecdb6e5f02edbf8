using System.CommandLine;
using Attune.Torch;
using Attune.Training.Rewards;

namespace Attune.Cli.Commands;

/// <summary>Options of every command that asks a reward model, or several as one.</summary>
sealed class EnsembleArguments
{
    readonly Argument<string> model = new("model") { Description = "A reward model's folder" };
    readonly Option<string[]> with = new("--with") { Description = "Another reward model, which is one with the first; may be given again" };
    readonly Option<EnsembleCombination> combine = new("--combine") { Description = "How several models or heads become one: mean, minimum, or deviations: the mean less some" };
    readonly Option<double> deviations = NumberOption.Create("--deviations", "How many deviations are taken from the mean", 1);
    readonly Option<string> device = ModelOptions.Device();
    readonly Option<string> dtype = ModelOptions.Dtype();

    /// <summary>Gives a command the words.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Insert(0, model);
        foreach (var option in (Option[])[with, combine, deviations, device, dtype])
            command.Options.Add(option);
    }

    /// <summary>The first model's folder.</summary>
    public string Model(ParseResult parsed) => parsed.GetValue(model)!;

    /// <summary>Loads what the words name.</summary>
    /// <exception cref="InvalidDataException">A folder has no reward model.</exception>
    public RewardScorer Load(ParseResult parsed) => RewardScorer.Load(
        [Model(parsed), .. parsed.GetValue(with) ?? []], Device.Parse(parsed.GetValue(device)!), ModelOptions.ParseDtype(parsed.GetValue(dtype)!),
        new() { Combine = parsed.GetValue(combine), Deviations = parsed.GetValue(deviations) });
}
