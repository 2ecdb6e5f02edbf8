using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;

namespace Attune.Cli.Quickstart;

/// <summary>A finished run of the quickstart, and its metrics.</summary>
sealed class Stage(MethodDescription method, RunFolder run)
{
    readonly RunRecord record = RunRecord.Read(run);

    /// <summary>The folder of the trained model.</summary>
    public string Model => run.Model;

    public int Steps => record.Steps;

    public double TokensPerSecond => PointsOf("tokens").Sum(point => point.Y) / PointsOf("time/seconds")[^1].Y;

    /// <summary>The section of the report.</summary>
    public ReportSection Section => RunReport.Section(run, method);

    /// <summary>The first and the last value of a metric.</summary>
    /// <exception cref="InvalidDataException">The run did not log the metric.</exception>
    public (double First, double Last) this[string metric] => (PointsOf(metric)[0].Y, PointsOf(metric)[^1].Y);

    /// <summary>The last value of a metric; null where the run did not log it.</summary>
    public double? Last(string metric) => record.Metrics.FirstOrDefault(found => found.Name == metric)?.Points[^1].Y;

    IReadOnlyList<Point> PointsOf(string metric) =>
        record.Metrics.FirstOrDefault(found => found.Name == metric)?.Points
        ?? throw new InvalidDataException($"{run.Metrics} has no metric {metric}. Delete the folder and run the quickstart again.");
}
