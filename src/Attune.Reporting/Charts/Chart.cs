namespace Attune.Reporting.Charts;

/// <summary>Curves with common axes, and a text on what they show and how healthy ones look.</summary>
public sealed record Chart(string Title, string Explanation, IReadOnlyList<Series> Series)
{
    public string XLabel { get; init; } = "step";

    /// <summary>The unit of the values; may be empty.</summary>
    public string YLabel { get; init; } = "";
}

/// <summary>One curve. Points that are not finite are not drawn.</summary>
public sealed record Series(string Name, IReadOnlyList<Point> Points)
{
    /// <summary>The range around the curve, drawn as a band; empty for none.</summary>
    public IReadOnlyList<Spread> Band { get; init; } = [];
}

/// <summary>A value at an x, usually a step.</summary>
public readonly record struct Point(double X, double Y);

/// <summary>A range of values at an x.</summary>
public readonly record struct Spread(double X, double Low, double High);
