namespace Attune.Reporting.Charts;

/// <summary>Curves with common axes, and a text on what they show and how healthy ones look.</summary>
public sealed record Chart(string Title, string Explanation, IReadOnlyList<Series> Series)
{
    public string XLabel { get; init; } = "step";

    /// <summary>The unit of the values; may be empty.</summary>
    public string YLabel { get; init; } = "";

    /// <summary>The smallest range of the y-axis, so that noise does not fill the chart. A share has at least ten points.</summary>
    public double LeastSpan { get; init; }

    /// <summary>Smoothing and axes.</summary>
    public ChartView View { get; init; } = new();

    /// <summary>Whether the series are distributions: outlines over x, without points and last values.</summary>
    public bool IsDistribution { get; init; }

    /// <summary>Whether the values are shares in per cent, from 0 to 100.</summary>
    internal bool IsShare => YLabel.StartsWith('%');
}

/// <summary>One curve. Points that are not finite are not drawn.</summary>
public sealed record Series(string Name, IReadOnlyList<Point> Points)
{
    /// <summary>The range around the curve, drawn as a band; empty for none.</summary>
    public IReadOnlyList<Spread> Band { get; init; } = [];

    /// <summary>Whether the points are connected in the order of the list, instead of by their x; such curves are not smoothed.</summary>
    public bool IsPath { get; init; }

    /// <summary>The values in the legend; null for the first and the last value.</summary>
    public string? Summary { get; init; }
}

/// <summary>A value at an x, usually a step.</summary>
public readonly record struct Point(double X, double Y);

/// <summary>A range of values at an x.</summary>
public readonly record struct Spread(double X, double Low, double High);
