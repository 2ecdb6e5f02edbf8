using Attune.Training.Evaluation;
using Attune.Training.Runs;

namespace Attune.Training.Reporting;

/// <summary>The report of one run, from the files in its folder.</summary>
public static class RunReport
{
    const int MainFigures = 3;

    /// <summary>Writes <see cref="RunFolder.Report"/>.</summary>
    public static void Write(RunFolder folder, string method) => HtmlReport.Write(folder.Report, Page(folder, method));

    /// <summary>A page of one run: answers first, then curves.</summary>
    public static ReportPage Page(RunFolder folder, string method)
    {
        var whole = Section(folder, method);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder.Path)));
        ReportSection[] parts =
        [
            new(whole.Samples.Any(sample => sample.Before is not null) ? "Answers, before and after" : "Answers")
            {
                Lead = "What the model writes to prompts it was not trained on.",
                Samples = whole.Samples,
            },
            .. HealthSection.Of(folder),
            .. Gold(folder),
            whole with { Title = "Curves", Lead = "", Facts = [], Samples = [] },
        ];
        var title = string.Equals(name, method, StringComparison.OrdinalIgnoreCase) ? whole.Title : $"{whole.Title}: {name}";
        return new(title, whole.Lead, parts[(whole.Samples.Count > 0 ? 0 : 1)..]) { Facts = whole.Facts };
    }

    /// <summary>Score and gold reward over distance, where there is a gold reward.</summary>
    static IEnumerable<ReportSection> Gold(RunFolder folder) => Frontier.Of(RunRecord.Read(folder)) is { HasGold: true } frontier
        ? [OverOptimisationReport.Section(frontier) with { Title = "Score and gold reward", Lead = "What distance from the start bought, on held-out prompts." }]
        : [];

    /// <summary>All there is to show of a run, as one section of a larger report.</summary>
    public static ReportSection Section(RunFolder folder, string method)
    {
        var record = RunRecord.Read(folder);
        var charts = new RunCharts(record, method);
        var (title, lead) = Introduce(method);
        var (main, folded) = charts.Main.Count > 0 ? (charts.Main, charts.Folded) : (charts.Folded, []);
        return new(title)
        {
            Lead = lead,
            Facts = [.. charts.Facts.Take(MainFigures), .. Effort(record)],
            Samples = RunComparisons.Of(record.Samples),
            Charts = main,
            Folded = record.Metrics.Count == 0 ? [] : [.. More(folded), new("All figures", [], [Table(record, method)])],
            Notes = record.Metrics.Count == 0 ? ["This run has not logged a step yet."] : [],
        };
    }

    static (string Title, string Lead) Introduce(string method) => method switch
    {
        "pretrain" => ("Pretraining", "The model read documents and learned to predict each next token."),
        "sft" => ("Fine-tuning", "The model learned from demonstrations to answer as people do."),
        "reward" => ("Reward model", "From people's rankings a model learned to tell better answers from worse, with one number."),
        "ppo" => ("PPO", "The model answered prompts, and what scored well was made more likely, not too far from where it began."),
        _ => (method, ""),
    };

    static IEnumerable<Fact> Effort(RunRecord record)
    {
        if (record.Steps > 0)
            yield return new("Steps", Figures.Number(record.Steps));
        if (record.Duration is { } duration)
            yield return new("Time", Figures.Duration(duration));
    }

    static IEnumerable<FoldedPart> More(IReadOnlyList<Chart> charts)
    {
        if (charts.Count > 0)
            yield return new(charts.Count == 1 ? "1 more curve" : $"{charts.Count} more curves", charts, []);
    }

    static ReportTable Table(RunRecord record, string method) => new(
        "Every figure of the run", ["Figure", "First", "Last", "In metrics.jsonl"],
        [.. record.Metrics
            .Select(metric => (Metric: MetricGuide.Find(metric.Name, method), metric.Points))
            .OrderBy(row => row.Metric.Rank)
            .Select(row => Cells(row.Metric, row.Points))]);

    static string[] Cells(Metric metric, IReadOnlyList<Point> points) =>
    [
        metric.IsHeldOut ? $"{metric.Title}, held-out" : metric.Title,
        metric.WithSign(Figures.Number(points[0].Y * metric.Scale)),
        metric.WithSign(Figures.Number(points[^1].Y * metric.Scale)),
        metric.Name,
    ];
}
