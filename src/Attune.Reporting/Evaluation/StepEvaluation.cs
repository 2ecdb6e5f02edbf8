using System.Text.Json.Nodes;
using Attune.Reporting.Charts;

namespace Attune.Reporting.Evaluation;

/// <summary>
/// How well a process reward model predicts the labels of steps: a step counts as predicted right from a probability of ½.
/// </summary>
/// <param name="Responses">Responses.</param>
/// <param name="Steps">Steps.</param>
/// <param name="RightSteps">Steps that are labelled right.</param>
/// <param name="RightFound">Of these, steps that are predicted right.</param>
/// <param name="WrongFound">Steps labelled wrong that are predicted wrong.</param>
/// <param name="FirstErrors">
/// Responses whose first wrong step is the first that is predicted wrong, or that have none of either (Zheng et al. 2024,
/// https://arxiv.org/abs/2412.06559).
/// </param>
public sealed record StepEvaluation(int Responses, int Steps, int RightSteps, int RightFound, int WrongFound, int FirstErrors)
{
    public int WrongSteps => Steps - RightSteps;

    public double Accuracy => Share(RightFound + WrongFound, Steps);

    /// <summary>The accuracy of predicting the more frequent label for every step.</summary>
    public double Baseline => Share(Math.Max(RightSteps, WrongSteps), Steps);

    public static StepEvaluation From(IEnumerable<(IReadOnlyList<bool> Labels, IReadOnlyList<double> Probabilities)> responses)
    {
        var all = responses.Select(one => (one.Labels, Predicted: one.Probabilities.Select(probability => probability >= 0.5).ToList()))
            .ToList();
        var steps = all.SelectMany(one => one.Labels.Zip(one.Predicted)).ToList();
        return new(
            all.Count, steps.Count, steps.Count(step => step.First), steps.Count(step => step is { First: true, Second: true }),
            steps.Count(step => step is { First: false, Second: false }),
            all.Count(one => one.Labels.ToList().IndexOf(false) == one.Predicted.IndexOf(false)));
    }

    public IReadOnlyList<string> Lines =>
    [
        $"steps          {Steps:N0} of {Responses:N0} responses, {Percent(RightSteps, Steps)} labelled right",
        $"accuracy       {NumberFormat.Percent(Accuracy, decimals: 1)} of steps ({NumberFormat.Percent(Baseline, decimals: 1)} by "
            + "always predicting the more frequent label)",
        $"right steps    {Percent(RightFound, RightSteps)} predicted right",
        $"wrong steps    {Percent(WrongFound, WrongSteps)} predicted wrong",
        $"first error    found in {Percent(FirstErrors, Responses)} of responses (or none, where there is none)",
    ];

    public JsonObject ToJson() => new()
    {
        ["responses"] = Responses,
        ["steps"] = Steps,
        ["accuracy"] = Accuracy,
        ["baseline"] = Baseline,
        ["right"] = new JsonObject { ["steps"] = RightSteps, ["found"] = RightFound },
        ["wrong"] = new JsonObject { ["steps"] = WrongSteps, ["found"] = WrongFound },
        ["firstErrors"] = FirstErrors,
    };

    static double Share(int part, int whole) => whole == 0 ? 0 : (double)part / whole;

    static string Percent(int part, int whole) => whole == 0 ? "–" : NumberFormat.Percent(Share(part, whole), decimals: 1);
}
