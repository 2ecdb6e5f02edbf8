using System.CommandLine;

namespace Attune.Cli.Commands;

/// <summary><c>attune evaluate</c>: measures a model on held-out data.</summary>
static class EvaluateCommand
{
    public static Command Create() => CommandHelp.WithExample(
        new Command("evaluate", "Evaluate a reward model or a policy on held-out data, with a report")
        {
            EvaluateRewardCommand.Create(), EvaluatePolicyCommand.Create(),
        },
        $"{EvaluateRewardCommand.Example}\n{EvaluatePolicyCommand.Example}");
}
