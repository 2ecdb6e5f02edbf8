using System.Text.Json.Nodes;
using Attune.Reporting.Charts;
using Attune.Reporting.Evaluation;
using Attune.Text;

namespace Attune.Cli.Commands;

/// <summary>The evaluation of a reward model as text and as JSON.</summary>
static class RewardEvaluationText
{
    const int LongestText = 160;
    const int PairsShown = 3;

    /// <summary>A table, and the most confident errors.</summary>
    public static IEnumerable<string> Lines(RewardEvaluation evaluation, double? ceiling)
    {
        var accuracy = evaluation.Accuracy;
        yield return Row(
            "accuracy",
            $"{Percent(accuracy.Value)}  (95 %: {Percent(accuracy.Low)} to {Percent(accuracy.High)})  "
            + $"{Quantity.Of(accuracy.Pairs, "pair")} of {Quantity.Of(accuracy.Prompts, "prompt")}");
        if (evaluation.Annotators is { } people)
        {
            yield return Row(
                "annotators",
                $"agree with each other on {Percent(people.Among)} of {Quantity.Of(people.Pairs, "pair")}, the model with one of them on "
                + $"{Percent(people.WithModel)}; the highest possible is {Percent(people.Ceiling)}");
        }
        if (ceiling is { } highest)
            yield return Row("ceiling", $"{Percent(highest)} is the highest accuracy that the noise of the data allows");
        yield return Row(
            "calibration",
            $"error {Percent(evaluation.Calibration.ExpectedError)}, loss {evaluation.Calibration.LogLoss:F3} nats a pair (chance: 0.693)");
        if (evaluation.Disagreement > 0)
            yield return Row("ensemble", $"standard deviation over members {NumberFormat.Number(evaluation.Disagreement)} points");
        if (evaluation.LengthCorrelation is { } correlation)
        {
            yield return Row(
                "length",
                $"correlation with the score {correlation:+0.00;−0.00;0.00} among responses to one prompt"
                + Preferred("longer", evaluation.LengthBias));
        }
        if (evaluation.PlaceBias is { } place)
            yield return Row("position", Preferred("earlier", place)[2..]);
        (string Title, IReadOnlyList<PairGroup> Groups)[] tables =
        [
            ("accuracy by margin", evaluation.ByMargin),
            ("accuracy by distance of ranks", evaluation.ByRankDistance),
            ("accuracy by share of annotators for the chosen response", evaluation.ByShare),
            ("accuracy by how much longer the chosen response is", evaluation.ByLengthDifference),
            ("accuracy by sources", evaluation.BySources),
        ];
        foreach (var line in tables.SelectMany(table => Groups(table.Title, table.Groups)))
            yield return line;
        foreach (var line in evaluation.ConfidentErrors.Take(PairsShown).SelectMany(ConfidentError))
            yield return line;
    }

    /// <summary>The whole evaluation.</summary>
    public static JsonObject Json(RewardEvaluation evaluation, double? ceiling) => new()
    {
        ["prompts"] = evaluation.PromptCount,
        ["pairs"] = evaluation.Pairs.Count,
        ["accuracy"] = Rate(evaluation.Accuracy),
        ["byStrength"] = Groups(evaluation.ByMargin),
        ["byRankDistance"] = Groups(evaluation.ByRankDistance),
        ["byShare"] = Groups(evaluation.ByShare),
        ["byLengthDifference"] = Groups(evaluation.ByLengthDifference),
        ["bySources"] = Groups(evaluation.BySources),
        ["sources"] = List(evaluation.Sources, source => new()
        {
            ["name"] = source.Name,
            ["answers"] = source.Answers,
            ["score"] = source.Score,
            ["preferredByPeople"] = source.PreferredByPeople,
            ["preferredByModel"] = source.PreferredByModel,
        }),
        ["calibration"] = new JsonObject
        {
            ["error"] = evaluation.Calibration.ExpectedError,
            ["loss"] = evaluation.Calibration.LogLoss,
            ["bins"] = List(
                evaluation.Calibration.Bins,
                bin => new() { ["predicted"] = bin.Predicted, ["agreed"] = bin.Agreed, ["pairs"] = bin.Pairs }),
        },
        ["annotators"] = evaluation.Annotators is not { } people ? null : new JsonObject
        {
            ["pairs"] = people.Pairs,
            ["among"] = people.Among,
            ["withModel"] = people.WithModel,
            ["ceiling"] = people.Ceiling,
        },
        ["ceiling"] = ceiling,
        ["disagreement"] = evaluation.Disagreement,
        ["lengthCorrelation"] = evaluation.LengthCorrelation,
        ["longerPreferred"] = Bias(evaluation.LengthBias),
        ["earlierPreferred"] = Bias(evaluation.PlaceBias),
        ["places"] = List(evaluation.Places, place => new()
        {
            ["place"] = place.Place,
            ["answers"] = place.Answers,
            ["score"] = place.Score,
            ["preferredByPeople"] = place.PreferredByPeople,
        }),
        ["surprises"] = List(evaluation.ConfidentErrors, pair => new()
        {
            ["prompt"] = pair.Prompt,
            ["better"] = pair.Chosen.Text,
            ["worse"] = pair.Rejected.Text,
            ["scores"] = new JsonArray(pair.Chosen.Scored.Score, pair.Rejected.Scored.Score),
            ["share"] = pair.Comparison.Share,
        }),
    };

    static IEnumerable<string> Groups(string title, IReadOnlyList<PairGroup> groups)
    {
        if (groups.Count < 2)
            yield break;
        yield return "";
        yield return title;
        foreach (var group in groups)
        {
            var interval = $"({Percent(group.Rate.Low)} to {Percent(group.Rate.High)})";
            yield return $"  {group.Name,-24} {Percent(group.Rate.Value),8}  {interval}  {Quantity.Of(group.Rate.Pairs, "pair"),13}";
        }
    }

    static IEnumerable<string> ConfidentError(EvaluatedPair pair) =>
    [
        "",
        $"confident error: {Short(pair.Prompt)}",
        $"  annotators prefer {NumberFormat.Number(pair.Chosen.Scored.Score),7}  {Short(pair.Chosen.Text)}",
        $"  the model prefers {NumberFormat.Number(pair.Rejected.Scored.Score),7}  {Short(pair.Rejected.Text)}",
    ];

    static string Short(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return VisibleText.Cut(line, LongestText);
    }

    static string Preferred(string which, PreferenceBias? bias) => bias is null ? ""
        : $"; the {which} response is preferred in {Percent(bias.Model)} of pairs by the model, in {Percent(bias.People)} by annotators";

    static JsonObject Rate(PairRate rate) => new()
    {
        ["value"] = rate.Value,
        ["low"] = rate.Low,
        ["high"] = rate.High,
        ["pairs"] = rate.Pairs,
        ["prompts"] = rate.Prompts,
    };

    static JsonArray Groups(IReadOnlyList<PairGroup> groups) =>
        List(groups, group => new() { ["name"] = group.Name, ["at"] = group.At, ["accuracy"] = Rate(group.Rate) });

    static JsonObject? Bias(PreferenceBias? bias) =>
        bias is null ? null : new() { ["pairs"] = bias.Pairs, ["people"] = bias.People, ["model"] = bias.Model };

    static JsonArray List<T>(IEnumerable<T> items, Func<T, JsonObject> toJson) => new([.. items.Select(item => (JsonNode)toJson(item))]);

    static string Percent(double share) => NumberFormat.Percent(share, decimals: 1);

    static string Row(string name, string value) => $"{name,-12} {value}";
}
