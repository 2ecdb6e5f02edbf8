using System.Text.Json.Nodes;
using Attune.Reporting.Charts;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Evaluation;

/// <summary>A comparison of models' responses as text, as JSON and as a page.</summary>
public static class ResponseEvaluationPage
{
    const int SamplesShown = 64;

    /// <summary>A table for a terminal.</summary>
    public static IEnumerable<string> Lines(ResponseEvaluation evaluation)
    {
        var table = Table(evaluation);
        IReadOnlyList<string>[] rows = [table.Columns, .. table.Rows];
        int[] widths = [.. table.Columns.Select((_, column) => rows.Max(row => row[column].Length))];
        foreach (var row in rows)
            yield return string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd();
        if (evaluation.Metrics.Any(metric => metric.Models.Any(model => model.Differs)))
            yield return "* the interval of the difference does not contain 0";
    }

    /// <param name="evaluation">The comparison.</param>
    /// <param name="file">The name of the file of prompts.</param>
    public static ReportPage Create(ResponseEvaluation evaluation, string file) => new(
        "Metrics of responses", $"{Names(evaluation)}: responses to {evaluation.Models[0].Prompts.Count} prompts of {file}.",
        [
            new("Metrics")
            {
                Tables = [Table(evaluation)],
                Notes =
                [
                    "Intervals are 95 % bootstrap intervals over prompts; those of differences are paired. * marks a difference whose "
                    + "interval does not contain 0.",
                ],
            },
            .. Samples(evaluation.Models),
        ]);

    static string Names(ResponseEvaluation evaluation) => string.Join(", ", evaluation.Models.Select(model => model.Model));

    /// <summary>The responses of each model beside those of the first; those of one model alone.</summary>
    static IEnumerable<ReportSection> Samples(IReadOnlyList<ModelResponses> models)
    {
        var first = models[0];
        if (models.Count == 1)
            return [Section("Responses", null)];
        return models.Skip(1).Select(model => Section(
            models.Count == 2 ? "Responses" : $"Responses of {first.Model} and {model.Model}", model));

        ReportSection Section(string title, ModelResponses? other) => new(title)
        {
            SampleTitles = (first.Model, other?.Model ?? ""),
            Samples = [.. first.Prompts.Take(SamplesShown).Select((prompt, row) => new BeforeAfter(
                prompt, new(first.Texts[row].Response), other is null ? null : new(other.Texts[row].Response)))],
        };
    }

    static ReportTable Table(ResponseEvaluation evaluation)
    {
        var several = evaluation.Models.Count > 1;
        string[] differences = several ? [$"Difference from {evaluation.Models[0].Model}", "95 % interval"] : [];
        return new("", ["Metric", "Model", "Value", "95 % interval", .. differences],
            [.. evaluation.Metrics.SelectMany(metric => metric.Models.Select((model, at) => (string[])
            [
                at == 0 ? metric.Name + (metric.LowerIsBetter ? " (lower is better)" : "") : "", model.Model,
                NumberFormat.Number(model.Value), Text(model.Interval),
                .. several
                    ? [model.Difference is { } less ? Signed(less) + (model.Differs ? " *" : "") : "", Text(model.DifferenceInterval)]
                    : Array.Empty<string>(),
            ]))]);
    }

    static string Text(Interval? interval) => interval is { } known
        ? $"{NumberFormat.Number(known.Low)} to {NumberFormat.Number(known.High)}"
        : "";

    static string Signed(double value) => (value > 0 ? "+" : "") + NumberFormat.Number(value);

    /// <summary>JSON has no NaN, the mean of no numbers.</summary>
    static double? Finite(double? value) => value is { } known && double.IsFinite(known) ? known : null;

    public static JsonObject ToJson(ResponseEvaluation evaluation) => new()
    {
        ["prompts"] = evaluation.Models[0].Texts.Count,
        ["models"] = new JsonArray([.. evaluation.Models.Select(model => (JsonNode)model.Model)]),
        ["metrics"] = new JsonObject(evaluation.Metrics.Select(metric => KeyValuePair.Create(metric.Name, (JsonNode?)new JsonArray(
            [.. metric.Models.Select(model => new JsonObject
            {
                ["model"] = model.Model,
                ["value"] = Finite(model.Value),
                ["low"] = Finite(model.Interval?.Low),
                ["high"] = Finite(model.Interval?.High),
                ["difference"] = Finite(model.Difference),
                ["differenceLow"] = Finite(model.DifferenceInterval?.Low),
                ["differenceHigh"] = Finite(model.DifferenceInterval?.High),
            })])))),
    };
}
