using Attune.Reporting.Charts;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Evaluation;

/// <summary>The report of a reward model's evaluation.</summary>
public static class RewardEvaluationPage
{
    /// <param name="evaluation">The evaluation.</param>
    /// <param name="model">The name of the model.</param>
    /// <param name="data">The name of the data.</param>
    /// <param name="ceiling">The highest accuracy that a model can reach, where it is known; null otherwise.</param>
    public static ReportPage Create(RewardEvaluation evaluation, string model, string data, double? ceiling) => new(
        $"Reward model: {model}", $"How well it predicts the preferences of annotators, on {data}.",
        [AccuracySection(evaluation), Confidence(evaluation), Bias(evaluation), .. Sources(evaluation), ConfidentErrors(evaluation)])
    {
        Facts = [.. Facts(evaluation, ceiling)],
    };

    static IEnumerable<Fact> Facts(RewardEvaluation evaluation, double? ceiling)
    {
        var accuracy = evaluation.Accuracy;
        yield return new(
            "Accuracy", Percent(accuracy.Value),
            $"95 % interval {Range((accuracy.Low, accuracy.High))}; {accuracy.Pairs:N0} pairs of {accuracy.Prompts:N0} "
                + "prompts");
        if (evaluation.Annotators is { } agreement)
            yield return new(
                "Agreement of two annotators", Percent(agreement.Among),
                $"on {agreement.Pairs:N0} pairs; the model agrees with an annotator on {Percent(agreement.WithModel)}; "
                + $"a model can reach at most {Percent(agreement.Ceiling)}");
        if (ceiling is { } highest)
            yield return new("Ceiling", Percent(highest), "the highest accuracy that the noise of the data allows");
        yield return new(
            "Calibration error", Percent(evaluation.Calibration.ExpectedError),
            $"mean loss of a pair {NumberFormat.Number(evaluation.Calibration.LogLoss)} nats; guessing has 0.693");
        if (evaluation.Disagreement > 0)
            yield return new(
                "Disagreement of the ensemble", NumberFormat.Number(evaluation.Disagreement),
                "standard deviation between its members' scores");
    }

    static ReportSection AccuracySection(RewardEvaluation evaluation) => new("Accuracy")
    {
        Lead = "The share of pairs in which the response that annotators prefer scores higher; 50 % is guessing.",
        Charts =
        [
            Accuracies("By strength of preference", "Healthy: the curve rises with the strength that annotators gave.", "level",
                evaluation.ByMargin),
            Accuracies("By difference of ranks", "Healthy: the curve rises with the difference of the responses' ranks.", "ranks",
                evaluation.ByRankDistance),
            Accuracies("By agreement of annotators", "Healthy: the curve rises with the share of annotators who agree.", "%",
                evaluation.ByShare),
            Accuracies(
                "By length",
                "Accuracy where annotators prefer the shorter response (left) and the longer one (right). A slope means that the model "
                    + "prefers a length.",
                "tokens", evaluation.ByLengthDifference),
        ],
        Tables =
        [
            .. Table("By strength of preference", "Strength", evaluation.ByMargin),
            .. Table("By difference of ranks", "Difference", evaluation.ByRankDistance),
            .. Table("By agreement of annotators", "Annotators who agree", evaluation.ByShare),
            .. Table("By length of the chosen response minus that of the rejected one", "Longer by", evaluation.ByLengthDifference),
        ],
    };

    static ReportSection Confidence(RewardEvaluation evaluation) => new("Calibration")
    {
        Lead = "σ of the difference of two logits is the share of annotators that should prefer the first response. "
            + $"The expected calibration error is {Percent(evaluation.Calibration.ExpectedError)}.",
        Charts =
        [
            new("Calibration",
                "The share of annotators that the model predicts to agree with it (x), and the share that agrees (y). Healthy: on the "
            + "diagonal. Below it the model is overconfident, above it underconfident.",
            [
                    new("annotators", [.. evaluation.Calibration.Bins.Select(bin => new Point(100 * bin.Predicted, 100 * bin.Agreed))])
                    {
                        Band = [.. evaluation.Calibration.Bins.Select(bin =>
                            new Spread(100 * bin.Predicted, 100 * bin.Interval.Low, 100 * bin.Interval.High))],
                    },
                    new("diagonal", [new(50, 50), new(100, 100)]),
                ])
            {
                XLabel = "%",
                YLabel = "% of annotators",
            },
        ],
        Tables =
        [
            new("Pairs by confidence", ["Predicted", "Annotators agreed", "95 % interval", "Pairs"],
                [.. evaluation.Calibration.Bins.Select(bin => (string[])
                [
                    Percent(bin.Predicted), Percent(bin.Agreed), Range(bin.Interval), $"{bin.Pairs:N0}",
                ])]),
        ],
    };

    static ReportSection Bias(RewardEvaluation evaluation) => new("Biases: length and position")
    {
        Lead = "Properties that annotators do not mean to reward. A policy exploits those that the model prefers more than annotators do.",
        Facts =
        [
            .. evaluation.LengthCorrelation is { } correlation
                ? new[] { new Fact("Score and length", $"{correlation:+0.00;−0.00;0}",
                    "correlation among responses to one prompt; 0 is none") } : [],
            .. Preferred("The longer response is preferred", evaluation.LengthBias),
            .. Preferred("The earlier response is preferred", evaluation.PlaceBias),
        ],
        Charts =
        [
            new("Score by length", "The mean score of responses from the shortest to the longest.",
                [new("score", [.. evaluation.ScoreByLength.Select(bin => new Point(bin.Length, bin.Score))])])
            {
                XLabel = "tokens",
                YLabel = "points",
            },
        ],
        Tables = evaluation.Places.Count < 2 ? [] :
        [
            new("By position in the list", ["Position", "Responses", "Score minus the prompt's mean", "Preferred by annotators"],
            [
                .. evaluation.Places.Select(place => (string[])
                [
                    $"{place.Place + 1}", $"{place.Answers:N0}", NumberFormat.Number(Math.Round(place.Score, 3)),
                    Percent(place.PreferredByPeople),
                ]),
            ]),
        ],
    };

    static IEnumerable<Fact> Preferred(string what, PreferenceBias? bias)
    {
        if (bias is not null)
            yield return new(
                what, Percent(bias.Model),
                $"of {bias.Pairs:N0} pairs by the model, {NumberFormat.Interval(bias.Model, bias.Pairs)}; by annotators "
                + $"{Percent(bias.People)}, {NumberFormat.Interval(bias.People, bias.Pairs)}");
    }

    static IEnumerable<ReportSection> Sources(RewardEvaluation evaluation)
    {
        if (evaluation.Sources.Count == 0)
            yield break;
        yield return new("By source of the responses")
        {
            Lead = "A model that was trained on the responses of one policy may be worse on those of another.",
            Tables =
            [
                .. Table("Accuracy by sources", "Sources", evaluation.BySources),
                new("Sources", ["Source", "Responses", "Mean score", "Preferred by annotators", "Preferred by the model"],
                    [.. evaluation.Sources.Select(source => (string[])
                        [source.Name, $"{source.Answers:N0}", NumberFormat.Number(source.Score),
                            Share(source.PreferredByPeople), Share(source.PreferredByModel)])]),
            ],
        };
    }

    static ReportSection ConfidentErrors(RewardEvaluation evaluation) => new("Most confident errors")
    {
        Lead =
            "Pairs in which the model is most confident and annotators prefer the other response. Read them: is the model wrong, or are "
            + "the labels?",
        SampleTitles = ("Annotators prefer", "The model prefers"),
        Samples =
        [
            .. evaluation.ConfidentErrors.Select(pair => new BeforeAfter(
                pair.Prompt, Shown(pair.Chosen, pair.Comparison.Share), Shown(pair.Rejected, 1 - pair.Comparison.Share))),
        ],
        Notes = evaluation.ConfidentErrors.Count == 0 ? ["There are none: the model predicts every pair correctly."] : [],
    };

    static ReportedResponse Shown(EvaluatedResponse response, double share) => new(response.Text)
    {
        Captions =
        [
            $"score {NumberFormat.Number(Math.Round(response.Scored.Score, 2))}", $"{response.Scored.Length} tokens",
            .. share is > 0 and < 1 ? [$"{Percent(share)} of annotators"] : Array.Empty<string>(),
            .. response.Source is { } source ? [source] : Array.Empty<string>(),
        ],
    };

    static Chart Accuracies(string title, string explanation, string label, IReadOnlyList<PairGroup> groups) => new(title, explanation,
        groups.Count < 2 ? [] :
        [
            new("accuracy", [.. groups.Select(group => new Point(group.At, 100 * group.Rate.Value))])
            {
                Band = [.. groups.Select(group => new Spread(group.At, 100 * group.Rate.Low, 100 * group.Rate.High))],
            },
        ])
    {
        XLabel = label,
        YLabel = "%",
    };

    static IEnumerable<ReportTable> Table(string title, string what, IReadOnlyList<PairGroup> groups)
    {
        if (groups.Count > 0)
            yield return new(title, [what, "Accuracy", "95 % interval", "Pairs", "Prompts"],
                [.. groups.Select(group => (string[])
                [
                    group.Name, Percent(group.Rate.Value), Range((group.Rate.Low, group.Rate.High)),
                    $"{group.Rate.Pairs:N0}", $"{group.Rate.Prompts:N0}",
                ])]);
    }

    static string Share(double? share) => share is { } known ? Percent(known) : "";

    static string Range((double Low, double High) interval) => NumberFormat.Range(interval.Low, interval.High, decimals: 1);

    static string Percent(double share) => NumberFormat.Percent(share, decimals: 1);
}
