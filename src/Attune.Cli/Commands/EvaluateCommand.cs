using System.CommandLine;

namespace Attune.Cli.Commands;

/// <summary><c>attune evaluate</c>: how good a model is, on data that it was not trained on.</summary>
static class EvaluateCommand
{
    public static Command Create() => CommandHelp.WithExample(
        new Command("evaluate", "Measure a model on held-out data, with a report") { EvaluateRewardCommand.Create(), EvaluatePolicyCommand.Create() },
        $"{EvaluateRewardCommand.Example}\n{EvaluatePolicyCommand.Example}");
}
