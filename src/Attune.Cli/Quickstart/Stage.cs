using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;

namespace Attune.Cli.Quickstart;

/// <summary>A finished run of the loop, and what it logged.</summary>
sealed class Stage(MethodDescription method, RunFolder run)
{
    readonly RunRecord record = RunRecord.Read(run);

    /// <summary>The folder of the model it made.</summary>
    public string Model => run.Model;

    public int Steps => record.Steps;

    public double TokensPerSecond => PointsOf("tokens").Sum(point => point.Y) / PointsOf("time/seconds")[^1].Y;

    /// <summary>Its part of a report, without samples.</summary>
    public ReportSection Section => RunReport.Section(run, method) with { Samples = [] };

    /// <summary>A metric where it was first and last measured.</summary>
    /// <exception cref="InvalidDataException">It never was.</exception>
    public (double First, double Last) this[string metric] => (PointsOf(metric)[0].Y, PointsOf(metric)[^1].Y);

    IReadOnlyList<Point> PointsOf(string metric) =>
        record.Metrics.FirstOrDefault(found => found.Name == metric)?.Points
        ?? throw new InvalidDataException($"{run.Metrics} has no {metric}; delete the folder and run the quickstart again");
}
