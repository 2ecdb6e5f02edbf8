using System.CommandLine;

namespace Attune.Cli.Commands;

/// <summary><c>attune evaluate</c>: measures a model on held-out data.</summary>
static class EvaluateCommand
{
    public static Command Create() => CommandHelp.WithExample(
        new Command("evaluate", "Evaluate a reward model, a process reward model, a policy or responses on held-out data")
        {
            EvaluateRewardCommand.Create(), EvaluateStepsCommand.Create(), EvaluatePolicyCommand.Create(),
            EvaluateResponsesCommand.Create(),
        },
        $"{EvaluateRewardCommand.Example}\n{EvaluateStepsCommand.Example}\n{EvaluatePolicyCommand.Example}\n"
            + EvaluateResponsesCommand.Example);
}
