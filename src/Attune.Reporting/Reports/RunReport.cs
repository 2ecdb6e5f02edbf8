using Attune.Reporting.Charts;
using Attune.Reporting.Evaluation;
using Attune.Reporting.Health;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>The report of a run, from the files in its folder.</summary>
public static class RunReport
{
    const int MainFacts = 3;

    /// <summary>The curves before the distribution of scores: score and KL.</summary>
    const int MainCurves = 2;

    /// <summary>Writes <see cref="RunFolder.Report"/>.</summary>
    public static void Write(RunFolder folder, MethodDescription method) => HtmlReport.Write(folder.Report, Page(folder, method));

    /// <summary>The page of a run: curves first, then health and responses, and at the end what it was made with.</summary>
    public static ReportPage Page(RunFolder folder, MethodDescription method)
    {
        var record = RunRecord.Read(folder);
        var curves = Curves(record, method);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder.Path)));
        ReportSection[] parts =
        [
            curves with { Title = "Curves", Lead = "", Facts = [] },
            .. Gold(record),
            .. HealthSection.Create(folder),
            .. RunComparisons.Create(record.Samples),
            .. RoundSection.Create(folder),
            new("Setup") { Folded = [RunSetup.Create(folder)] },
        ];
        var title = string.Equals(name, method.Name, StringComparison.OrdinalIgnoreCase) ? curves.Title : $"{curves.Title}: {name}";
        return new(title, curves.Lead, parts) { Facts = curves.Facts };
    }

    /// <summary>Score and gold reward against √KL, where there is a gold reward.</summary>
    static IEnumerable<ReportSection> Gold(RunRecord record) => Frontier.FromRun(record) is { HasGoldReward: true } frontier
        ? [OverOptimisationReport.Section(frontier) with
        {
            Title = "Score and gold reward",
            Lead = "Gains against the KL from the initial policy, on held-out prompts.",
        }]
        : [];

    /// <summary>The curves of a run and its setup, as a section of a larger report.</summary>
    public static ReportSection Section(RunFolder folder, MethodDescription method)
    {
        var curves = Curves(RunRecord.Read(folder), method);
        return curves with { Folded = [.. curves.Folded, RunSetup.Create(folder)] };
    }

    static ReportSection Curves(RunRecord record, MethodDescription method)
    {
        var charts = new RunCharts(record, method);
        var (main, folded) = charts.Main.Count > 0 ? (charts.Main, charts.Folded) : (charts.Folded, []);
        return new(method.ReportTitle)
        {
            Lead = method.ReportLead,
            Facts = [.. charts.Facts.Take(MainFacts), .. Effort(record)],
            Charts = [.. main.Take(MainCurves), .. ScoreDistribution.Create(record.Samples), .. main.Skip(MainCurves)],
            Folded =
            [
                .. More(folded),
                .. record.Metrics.Count == 0 ? [] : new[] { new FoldedPart("All metrics", [], [Table(record, method)]) },
            ],
            Notes = record.Metrics.Count == 0 ? ["This run has not logged a step yet."] : [],
        };
    }

    static IEnumerable<Fact> Effort(RunRecord record)
    {
        if (record.Steps > 0)
            yield return new("Steps", NumberFormat.Number(record.Steps));
        if (record.Duration is { } duration)
            yield return new("Time", NumberFormat.Duration(duration));
    }

    static IEnumerable<FoldedPart> More(IReadOnlyList<Chart> charts)
    {
        if (charts.Count > 0)
            yield return new(charts.Count == 1 ? "1 more curve" : $"{charts.Count} more curves", charts, []);
    }

    static ReportTable Table(RunRecord record, MethodDescription method) => new(
        "All metrics of the run", ["Metric", "First", "Last", "In metrics.jsonl"],
        [.. record.Metrics
            .Select(metric => (Metric: MetricGuide.Find(metric.Name, method), metric.Points))
            .OrderBy(row => row.Metric.Rank)
            .Select(row => Cells(row.Metric, row.Points))]);

    static string[] Cells(Metric metric, IReadOnlyList<Point> points) =>
    [
        metric.IsHeldOut ? $"{metric.Title}, held-out" : metric.Title,
        metric.WithSign(NumberFormat.Number(points[0].Y * metric.Scale)),
        metric.WithSign(NumberFormat.Number(points[^1].Y * metric.Scale)),
        metric.Name,
    ];
}
