namespace Attune.Reporting.Studies;

/// <summary>A chart of a study: a metric against steps or against another metric.</summary>
/// <param name="Metric">The metric on the y-axis.</param>
/// <param name="Against">The metric on the x-axis; empty for steps.</param>
readonly record struct StudyCurve(string Metric, string Against)
{
    const string Between = " against ";

    /// <summary>Reads <c>METRIC</c> or <c>METRIC against METRIC</c>.</summary>
    public static StudyCurve Parse(string text) =>
        text.Split(Between) is [var metric, var against] ? new(metric.Trim(), against.Trim()) : new(text.Trim(), "");

    /// <summary>Whether the text names one metric, or two.</summary>
    public static bool IsValid(string text) =>
        text.Split(Between) is { Length: 1 or 2 } names && names.All(name => name.Trim().Split(' ') is [{ Length: > 0 }]);
}
