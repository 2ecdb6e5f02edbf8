using System.CommandLine;
using Attune.Data;
using Attune.Reporting.Evaluation;

namespace Attune.Cli.Commands;

/// <summary><c>attune evaluate steps MODEL DATA</c>: how well a process reward model predicts the labels of steps.</summary>
static class EvaluateStepsCommand
{
    public const string Example = "attune evaluate steps runs/prm/model data/arithmetic/steps-heldout.jsonl";

    static readonly EnsembleArguments Models = new();
    static readonly DataArguments Reading = new(hasSide: false);
    static readonly Argument<string> Data = new("data") { HelpName = "FILE", Description = "Held-out responses in labelled steps" };
    static readonly EvaluationOutput Output = new(report: null);

    public static Command Create()
    {
        var command = new Command("steps", "Measure how well a process reward model predicts which steps are right") { Data };
        Output.AddTo(command);
        Models.AddModelTo(command);
        Reading.AddTo(command);
        command.SetAction(Evaluate);
        return CommandHelp.WithExample(command, Example);
    }

    static int Evaluate(ParseResult parsed)
    {
        var reading = Reading.For(parsed, DataUse.Steps, "evaluate steps");
        StepwiseExample[] examples = [.. Dataset.Read(parsed.GetValue(Data)!, reading).Cast<StepwiseExample>()];
        TrainedOn.Check(Models.Model(parsed), examples, DataUse.Steps);
        var scored = Models.Load(parsed).ScoreSteps(examples);
        var evaluation = StepEvaluation.From(examples.Zip(scored, (example, steps) =>
            (example.Labels, (IReadOnlyList<double>)steps.Probabilities)));
        Output.Write(parsed, evaluation.ToJson(), evaluation.Lines);
        return 0;
    }
}
