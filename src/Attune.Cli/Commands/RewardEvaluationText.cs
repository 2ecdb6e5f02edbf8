using System.Text.Json.Nodes;
using Attune.Reporting.Charts;
using Attune.Reporting.Evaluation;

namespace Attune.Cli.Commands;

/// <summary>What was found of a reward model, for a terminal and for machines.</summary>
static class RewardEvaluationText
{
    const int LongestText = 160;
    const int PairsShown = 3;

    /// <summary>A table, and the pairs to read first.</summary>
    public static IEnumerable<string> Lines(RewardEvaluation found, double? ceiling)
    {
        var accuracy = found.Accuracy;
        yield return Row("in order", $"{Percent(accuracy.Value)}  (95 %: {Percent(accuracy.Low)} to {Percent(accuracy.High)})  {accuracy.Pairs:N0} pairs of {accuracy.Prompts:N0} prompts");
        if (found.Annotators is { } people)
            yield return Row("people", $"agree with each other on {Percent(people.Among)} of {people.Pairs:N0} pairs, the model with one of them on {Percent(people.WithModel)}; at most {Percent(people.Ceiling)} can be reached");
        if (ceiling is { } most)
            yield return Row("ceiling", $"{Percent(most)} is what the noise of the data allows");
        yield return Row("calibration", $"error {Percent(found.Calibration.ExpectedError)}, loss of a pair {found.Calibration.LogLoss:F3} nats (guessing: 0.693)");
        if (found.Disagreement > 0)
            yield return Row("members", $"disagree by {NumberFormat.Number(found.Disagreement)} points");
        if (found.LengthCorrelation is { } correlation)
            yield return Row("length", $"correlation with the score {correlation:+0.00;−0.00;0.00} among answers to one prompt{Preferred("longer", found.LengthBias)}");
        if (found.PlaceBias is { } place)
            yield return Row("place", Preferred("earlier", place)[2..]);
        foreach (var line in Groups("strength", found.ByMargin).Concat(Groups("ranks apart", found.ByRankDistance))
            .Concat(Groups("people for the better", found.ByShare)).Concat(Groups("better one is longer by", found.ByLengthDifference)).Concat(Groups("sources", found.BySources)))
            yield return line;
        foreach (var line in found.ConfidentErrors.Take(PairsShown).SelectMany(Surprise))
            yield return line;
    }

    /// <summary>All of it.</summary>
    public static JsonObject Json(RewardEvaluation found, double? ceiling) => new()
    {
        ["prompts"] = found.PromptCount,
        ["pairs"] = found.Pairs.Count,
        ["accuracy"] = Rate(found.Accuracy),
        ["byStrength"] = Groups(found.ByMargin),
        ["byRankDistance"] = Groups(found.ByRankDistance),
        ["byShare"] = Groups(found.ByShare),
        ["byLengthDifference"] = Groups(found.ByLengthDifference),
        ["bySources"] = Groups(found.BySources),
        ["sources"] = List(found.Sources, source => new()
        {
            ["name"] = source.Name,
            ["answers"] = source.Answers,
            ["score"] = source.Score,
            ["preferredByPeople"] = source.PreferredByPeople,
            ["preferredByModel"] = source.PreferredByModel,
        }),
        ["calibration"] = new JsonObject
        {
            ["error"] = found.Calibration.ExpectedError,
            ["loss"] = found.Calibration.LogLoss,
            ["bins"] = List(found.Calibration.Bins, bin => new() { ["predicted"] = bin.Predicted, ["agreed"] = bin.Agreed, ["pairs"] = bin.Pairs }),
        },
        ["annotators"] = found.Annotators is not { } people ? null : new JsonObject
        {
            ["pairs"] = people.Pairs,
            ["among"] = people.Among,
            ["withModel"] = people.WithModel,
            ["ceiling"] = people.Ceiling,
        },
        ["ceiling"] = ceiling,
        ["disagreement"] = found.Disagreement,
        ["lengthCorrelation"] = found.LengthCorrelation,
        ["longerPreferred"] = Bias(found.LengthBias),
        ["earlierPreferred"] = Bias(found.PlaceBias),
        ["places"] = List(found.Places, place => new()
        {
            ["place"] = place.Place,
            ["answers"] = place.Answers,
            ["score"] = place.Score,
            ["preferredByPeople"] = place.PreferredByPeople,
        }),
        ["surprises"] = List(found.ConfidentErrors, pair => new()
        {
            ["prompt"] = pair.Prompt,
            ["better"] = pair.Chosen.Text,
            ["worse"] = pair.Rejected.Text,
            ["scores"] = new JsonArray(pair.Chosen.Scored.Score, pair.Rejected.Scored.Score),
            ["share"] = pair.Comparison.Share,
        }),
    };

    static IEnumerable<string> Groups(string what, IReadOnlyList<PairGroup> groups)
    {
        if (groups.Count < 2)
            yield break;
        yield return "";
        yield return what;
        foreach (var group in groups)
            yield return $"  {group.Name,-24} {Percent(group.Rate.Value),8}  ({Percent(group.Rate.Low)} to {Percent(group.Rate.High)})  {group.Rate.Pairs,7:N0} pairs";
    }

    static IEnumerable<string> Surprise(EvaluatedPair pair) =>
    [
        "", $"surprising: {Short(pair.Prompt)}", $"  people prefer     {NumberFormat.Number(pair.Chosen.Scored.Score),7}  {Short(pair.Chosen.Text)}",
        $"  the model prefers {NumberFormat.Number(pair.Rejected.Scored.Score),7}  {Short(pair.Rejected.Text)}",
    ];

    static string Short(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return VisibleText.Cut(line, LongestText);
    }

    static string Preferred(string which, PreferenceBias? bias) => bias is null ? ""
        : $"; the {which} answer is preferred in {Percent(bias.Model)} of pairs by the model, in {Percent(bias.People)} by people";

    static JsonObject Rate(PairRate rate) => new() { ["value"] = rate.Value, ["low"] = rate.Low, ["high"] = rate.High, ["pairs"] = rate.Pairs, ["prompts"] = rate.Prompts };

    static JsonArray Groups(IReadOnlyList<PairGroup> groups) => List(groups, group => new() { ["name"] = group.Name, ["at"] = group.At, ["accuracy"] = Rate(group.Rate) });

    static JsonObject? Bias(PreferenceBias? bias) => bias is null ? null : new() { ["pairs"] = bias.Pairs, ["people"] = bias.People, ["model"] = bias.Model };

    static JsonArray List<T>(IEnumerable<T> items, Func<T, JsonObject> toJson) => new([.. items.Select(item => (JsonNode)toJson(item))]);

    static string Percent(double share) => NumberFormat.Percent(share, decimals: 1);

    static string Row(string what, string found) => $"{what,-12} {found}";
}
