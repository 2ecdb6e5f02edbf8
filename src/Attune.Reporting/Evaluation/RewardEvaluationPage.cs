using Attune.Reporting.Charts;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Evaluation;

/// <summary>A report of how well a reward model knows what people prefer.</summary>
public static class RewardEvaluationPage
{
    /// <param name="evaluation">What was found.</param>
    /// <param name="model">The name of the model.</param>
    /// <param name="data">Of the data.</param>
    /// <param name="ceiling">What no model can pass, where that is known from elsewhere.</param>
    public static ReportPage Create(RewardEvaluation evaluation, string model, string data, double? ceiling) => new(
        $"Reward model: {model}", $"How well it knows what people prefer, on {data}.",
        [Right(evaluation), Confidence(evaluation), Bias(evaluation), .. Sources(evaluation), ConfidentErrors(evaluation)])
    {
        Facts = [.. Facts(evaluation, ceiling)],
    };

    static IEnumerable<Fact> Facts(RewardEvaluation evaluation, double? ceiling)
    {
        var accuracy = evaluation.Accuracy;
        yield return new("Pairs in order", Percent(accuracy.Value), $"95 % interval {Percent(accuracy.Low)} to {Percent(accuracy.High)}; {accuracy.Pairs:N0} pairs of {accuracy.Prompts:N0} prompts");
        if (evaluation.Annotators is { } people)
            yield return new("People agree with each other", Percent(people.Among), $"on {people.Pairs:N0} pairs; the model agrees with one of them on {Percent(people.WithModel)}; at most {Percent(people.Ceiling)} can be reached");
        if (ceiling is { } most)
            yield return new("Ceiling", Percent(most), "what the noise of the data allows");
        yield return new("Calibration error", Percent(evaluation.Calibration.ExpectedError), $"loss of a pair {NumberFormat.Number(evaluation.Calibration.LogLoss)} nats; guessing has 0.693");
        if (evaluation.Disagreement > 0)
            yield return new("Members disagree", NumberFormat.Number(evaluation.Disagreement), "deviation between them, points");
    }

    static ReportSection Right(RewardEvaluation evaluation) => new("What it gets right")
    {
        Lead = "The share of pairs in which the answer that people prefer scores higher; 50 % is guessing.",
        Charts =
        [
            Accuracies("By strength", "Where people see more of a difference, the model should too: the curve climbs.", "level", evaluation.ByMargin),
            Accuracies("By distance in rank", "Answers that people rank far apart are easier to tell: the curve climbs.", "apart", evaluation.ByRankDistance),
            Accuracies("By agreement of people", "What more people agree on is easier: the curve climbs.", "%", evaluation.ByShare),
            Accuracies("By length", "How right it is where people prefer the shorter answer (left) and the longer (right). A slope means that it goes by length.",
                "tokens", evaluation.ByLengthDifference),
        ],
        Tables =
        [
            .. Table("By strength", "Strength", evaluation.ByMargin),
            .. Table("By distance in rank", "Ranks apart", evaluation.ByRankDistance),
            .. Table("By agreement of people", "Prefer the better one", evaluation.ByShare),
            .. Table("By how much longer the better answer is", "Longer by", evaluation.ByLengthDifference),
        ],
    };

    static ReportSection Confidence(RewardEvaluation evaluation) => new("Whether its confidence can be believed")
    {
        Lead = $"σ of the difference of two scores is the share of people that should prefer the first. The expected calibration error is {Percent(evaluation.Calibration.ExpectedError)}.",
        Charts =
        [
            new("Calibration", "How many people the model expects on its side (across), and how many are (up). Healthy: on the diagonal. Below it the model is too sure of itself, above it not sure enough.",
                [
                    new("people", [.. evaluation.Calibration.Bins.Select(bin => new Point(100 * bin.Predicted, 100 * bin.Agreed))]),
                    new("diagonal", [new(50, 50), new(100, 100)]),
                ])
            {
                XLabel = "%",
                YLabel = "% of people",
            },
        ],
        Tables =
        [
            new("Pairs by confidence", ["Predicted", "People agreed", "Pairs"],
                [.. evaluation.Calibration.Bins.Select(bin => (string[])[Percent(bin.Predicted), Percent(bin.Agreed), $"{bin.Pairs:N0}"])]),
        ],
    };

    static ReportSection Bias(RewardEvaluation evaluation) => new("Length and place")
    {
        Lead = "What people do not mean to reward. A policy will find what the model likes more than people do.",
        Facts =
        [
            .. evaluation.LengthCorrelation is { } correlation
                ? new[] { new Fact("Score and length", $"{correlation:+0.00;−0.00;0}", "correlation among answers to one prompt; 0 is none") } : [],
            .. Preferred("The longer answer is preferred", evaluation.LengthBias),
            .. Preferred("The earlier answer is preferred", evaluation.PlaceBias),
        ],
        Charts =
        [
            new("Score by length", "Mean score of answers from the shortest to the longest.",
                [new("score", [.. evaluation.ScoreByLength.Select(bin => new Point(bin.Length, bin.Score))])])
            {
                XLabel = "tokens",
                YLabel = "points",
            },
        ],
        Tables = evaluation.Places.Count < 2 ? [] :
        [
            new("By place in the list", ["Place", "Answers", "Score, less the prompt's mean", "Preferred by people"],
                [.. evaluation.Places.Select(place => (string[])[$"{place.Place + 1}", $"{place.Answers:N0}", NumberFormat.Number(Math.Round(place.Score, 3)), Percent(place.PreferredByPeople)])]),
        ],
    };

    static IEnumerable<Fact> Preferred(string what, PreferenceBias? bias)
    {
        if (bias is not null)
            yield return new(what, Percent(bias.Model), $"of {bias.Pairs:N0} pairs by the model; by people {Percent(bias.People)}");
    }

    static IEnumerable<ReportSection> Sources(RewardEvaluation evaluation)
    {
        if (evaluation.Sources.Count == 0)
            yield break;
        yield return new("By who wrote the answers")
        {
            Lead = "A model that was trained on the answers of one policy may not know those of another.",
            Tables =
            [
                .. Table("Pairs in order", "Answers of", evaluation.BySources),
                new("Standing", ["Source", "Answers", "Mean score", "Preferred by people", "Preferred by the model"],
                    [.. evaluation.Sources.Select(source => (string[])
                        [source.Name, $"{source.Answers:N0}", NumberFormat.Number(source.Score), Share(source.PreferredByPeople), Share(source.PreferredByModel)])]),
            ],
        };
    }

    static ReportSection ConfidentErrors(RewardEvaluation evaluation) => new("The most surprising pairs")
    {
        Lead = "Where the model is most confident and people think otherwise. Read them: is the model wrong, or are the labels?",
        SampleTitles = ("People prefer", "The model prefers"),
        Samples = [.. evaluation.ConfidentErrors.Select(pair => new BeforeAfter(pair.Prompt, Shown(pair.Chosen, pair.Comparison.Share), Shown(pair.Rejected, 1 - pair.Comparison.Share)))],
        Notes = evaluation.ConfidentErrors.Count == 0 ? ["There are none: every pair is in order."] : [],
    };

    static ReportedResponse Shown(EvaluatedResponse answer, double share) => new(answer.Text)
    {
        Captions =
        [
            $"score {NumberFormat.Number(Math.Round(answer.Scored.Score, 2))}", $"{answer.Scored.Length} tokens",
            .. share is > 0 and < 1 ? [$"{Percent(share)} of people"] : Array.Empty<string>(),
            .. answer.Source is { } source ? [source] : Array.Empty<string>(),
        ],
    };

    static Chart Accuracies(string title, string explanation, string label, IReadOnlyList<PairGroup> groups) => new(title, explanation,
        groups.Count < 2 ? [] :
        [
            new("in order", [.. groups.Select(group => new Point(group.At, 100 * group.Rate.Value))]),
            new("from", [.. groups.Select(group => new Point(group.At, 100 * group.Rate.Low))]),
            new("to", [.. groups.Select(group => new Point(group.At, 100 * group.Rate.High))]),
        ])
    {
        XLabel = label,
        YLabel = "%",
    };

    static IEnumerable<ReportTable> Table(string title, string what, IReadOnlyList<PairGroup> groups)
    {
        if (groups.Count > 0)
            yield return new(title, [what, "In order", "95 % interval", "Pairs", "Prompts"],
                [.. groups.Select(group => (string[])
                    [group.Name, Percent(group.Rate.Value), $"{Percent(group.Rate.Low)} to {Percent(group.Rate.High)}", $"{group.Rate.Pairs:N0}", $"{group.Rate.Prompts:N0}"])]);
    }

    static string Share(double? share) => share is { } known ? Percent(known) : "";

    static string Percent(double share) => NumberFormat.Percent(share, decimals: 1);
}
