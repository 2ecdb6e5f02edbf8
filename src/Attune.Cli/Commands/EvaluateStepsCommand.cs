using System.CommandLine;
using System.Text.Json;
using Attune.Data;
using Attune.Reporting.Evaluation;
using Attune.Reporting.Files;

namespace Attune.Cli.Commands;

/// <summary><c>attune evaluate steps MODEL DATA</c>: how well a process reward model predicts the labels of steps.</summary>
static class EvaluateStepsCommand
{
    public const string Example = "attune evaluate steps runs/prm/model data/arithmetic/steps-heldout.jsonl";

    static readonly EnsembleArguments Models = new();
    static readonly DataArguments Reading = new(hasSide: false);
    static readonly Argument<string> Data = new("data") { HelpName = "FILE", Description = "Held-out responses in labelled steps" };
    static readonly Option<string?> Output = new("--output") { HelpName = "FILE", Description = "A JSON file to write" };
    static readonly Option<bool> Json = new("--json") { Description = "Print JSON instead of a table" };

    public static Command Create()
    {
        var command = new Command("steps", "Measure how well a process reward model predicts which steps are right") { Data, Output, Json };
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
        var json = evaluation.ToJson().ToJsonString(new JsonSerializerOptions(JsonText.Readable) { WriteIndented = true });
        foreach (var line in parsed.GetValue(Json) ? [json] : evaluation.Lines)
            Console.Out.WriteLine(line);
        if (parsed.GetValue(Output) is { } output)
            AtomicWrite.File(output, json + "\n");
        return 0;
    }
}
