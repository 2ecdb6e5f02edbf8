namespace Attune.Reporting.Charts;

/// <summary>Curves in one pair of axes, with a sentence on what they show and what healthy looks like.</summary>
public sealed record Chart(string Title, string Explanation, IReadOnlyList<Series> Series)
{
    public string XLabel { get; init; } = "step";

    /// <summary>The unit of the values; may be empty.</summary>
    public string YLabel { get; init; } = "";
}

/// <summary>One curve. Points that are not finite numbers are skipped when it is drawn.</summary>
public sealed record Series(string Name, IReadOnlyList<Point> Points)
{
    /// <summary>The range around the curve at its places, drawn as a pale band; empty for none.</summary>
    public IReadOnlyList<Spread> Band { get; init; } = [];
}

/// <summary>A value at a place, mostly a step.</summary>
public readonly record struct Point(double X, double Y);

/// <summary>A range of values at a place.</summary>
public readonly record struct Spread(double X, double Low, double High);
