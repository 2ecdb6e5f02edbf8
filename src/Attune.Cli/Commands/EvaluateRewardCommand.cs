using System.CommandLine;
using Attune.Data;
using Attune.Reporting.Evaluation;

namespace Attune.Cli.Commands;

/// <summary>
/// <c>attune evaluate reward MODEL DATA</c>: accuracy with its interval, calibration, biases, agreement, and errors to read.
/// </summary>
static class EvaluateRewardCommand
{
    public const string Example =
        "attune evaluate reward runs/quickstart/4-reward/model data/frontdesk/rankings-heldout.jsonl --report reward.html";

    static readonly EnsembleArguments Ensemble = new();
    static readonly Argument<string> Data = new("data") { HelpName = "FILE", Description = "Held-out comparisons" };
    static readonly EvaluationOutput Output = new("An HTML report to write, with charts and confident errors");
    static readonly Option<double?> Ceiling = new("--ceiling")
    {
        Description = "The highest accuracy that the noise of the data allows, from 0.5 to 1, if known",
    };

    static readonly DataArguments Reading = new(hasSide: false);

    public static Command Create()
    {
        var command = new Command("reward", "Measure how well a reward model predicts comparisons") { Data };
        Output.AddTo(command);
        command.Add(Ceiling);
        Ensemble.AddTo(command);
        Reading.AddTo(command);
        command.SetAction(Evaluate);
        return CommandHelp.WithExample(command, Example);
    }

    static int Evaluate(ParseResult parsed)
    {
        var (data, ceiling) = (parsed.GetValue(Data)!, parsed.GetValue(Ceiling));
        if (ceiling is not null and not (>= 0.5 and <= 1))
            throw new InvalidDataException($"--ceiling must be from 0.5 to 1 (was {ceiling}).");
        var examples = Dataset.Read(data, Reading.For(parsed, DataUse.Comparisons, "evaluate reward")).ToList();
        TrainedOn.Check(Ensemble.Model(parsed), examples, DataUse.Comparisons);
        var evaluation = Ensemble.Load(parsed).Evaluate(examples);
        Output.Write(
            parsed, RewardEvaluationText.Json(evaluation, ceiling), RewardEvaluationText.Lines(evaluation, ceiling),
            () => RewardEvaluationPage.Create(evaluation, NameOf(Ensemble.Model(parsed)), Path.GetFileName(data), ceiling));
        return 0;
    }

    /// <summary>The name of the run that made the model, or of the model's folder.</summary>
    static string NameOf(string folder)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return Path.GetFileName(path) == "model" && Path.GetDirectoryName(path) is { Length: > 1 } run
            ? Path.GetFileName(run)
            : Path.GetFileName(path);
    }
}
