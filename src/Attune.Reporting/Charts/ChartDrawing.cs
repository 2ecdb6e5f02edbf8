using System.Xml.Linq;
using static Attune.Reporting.Charts.Html;

namespace Attune.Reporting.Charts;

/// <summary>Draws a chart as SVG: a light grid, thin lines for the measured values, and a strong line for the trend.</summary>
public sealed class ChartDrawing
{
    internal const double Width = 440, Height = 236;

    /// <summary>The number of colours of curves.</summary>
    const int Colours = 6;

    const double Left = 48, Right = 50, Top = 26, Bottom = 30;
    const double LineHeight = 13;
    const int Columns = 400;

    /// <summary>Curves with at most this many points, such as evaluations, show each point.</summary>
    const int FewPoints = 25;

    readonly Chart chart;
    readonly Curve[] curves;
    readonly Axis x;
    readonly Axis y;

    ChartDrawing(Chart chart, Curve[] curves)
    {
        (this.chart, this.curves) = (chart, curves);
        Point[] all = [.. curves.SelectMany(curve => curve.Raw.Concat(curve.Outline))];
        x = Axis.Over(all.Min(point => point.X), all.Max(point => point.X), mostTicks: 5);
        y = Axis.Over(all.Min(point => point.Y), all.Max(point => point.Y), mostTicks: 5, margin: 0.06);
    }

    /// <param name="chart">The chart to draw.</param>
    /// <param name="id">An id that is unique on the page.</param>
    /// <returns>A figure, or null when there is nothing to draw. It has classes and no style.</returns>
    public static XElement? Figure(Chart chart, string id)
    {
        var drawable = DrawableCurves(chart);
        if (drawable.Length == 0)
            return null;
        return Element("figure", Class("chart"),
            Element("figcaption", Element("h3", chart.Title), chart.Explanation.Length > 0 ? Element("p", chart.Explanation) : null),
            Legend(drawable),
            new ChartDrawing(chart, drawable).Svg(id));
    }

    /// <summary>The axes and curves only, for use in a larger drawing; null when there is nothing to draw.</summary>
    internal static XElement? Panel(Chart chart)
    {
        var drawable = DrawableCurves(chart);
        return drawable.Length == 0 ? null : Element("g", new ChartDrawing(chart, drawable).Content());
    }

    /// <summary>The CSS class of a curve by its index.</summary>
    internal static string Colour(int at) => $"c{at % Colours}";

    static Curve[] DrawableCurves(Chart chart) => [.. chart.Series.Select(series => new Curve(series)).Where(curve => curve.Raw.Count > 0)];

    static XElement Legend(Curve[] drawable) => Element("ul", Class("legend"), drawable.Select((curve, at) =>
        Element("li",
            Element("span", Class($"swatch {Colour(at)}"), Attribute("aria-hidden", "true")),
            curve.Name + " ",
            Element("b", curve.FirstToLast))));

    XElement Svg(string id) => Element("svg",
        Attribute("viewBox", $"0 0 {Width} {Height}"), Attribute("role", "img"), Attribute("aria-labelledby", $"{id}-title {id}-desc"),
        Element("title", Attribute("id", $"{id}-title"), chart.Title),
        Element("desc", Attribute("id", $"{id}-desc"), Description()),
        Content());

    IEnumerable<object> Content() => [Grid(), Labels(), curves.Select(Band), curves.Select(Lines), LastValues()];

    string Description() => string.Join("; ", curves.Select(curve =>
        $"{curve.Name}: {curve.First} at {At(curve.Trend[0])}, {curve.Last} at {At(curve.Trend[^1])}")) + ".";

    string At(Point point) => $"{chart.XLabel} {NumberFormat.Number(point.X)}";

    IEnumerable<XElement> Grid() => y.Ticks.SelectMany(tick => new[]
    {
        Rule("grid", Down(tick)),
        Text("tick end", Left - 7, Down(tick) + 4, NumberFormat.Tick(tick, y.Step)),
    }).Append(Rule("base", Height - Bottom));

    static XElement Rule(string style, double height) =>
        Element("line", Class(style), Attribute("x1", Left), Attribute("x2", Width - Right),
            Attribute("y1", height), Attribute("y2", height));

    IEnumerable<XElement> Labels() => x.Ticks
        .Select(tick => Text("tick middle", Across(tick), Height - Bottom + 16, NumberFormat.Tick(tick, x.Step)))
        .Append(Text("tick end", Width, Height - Bottom + 16, chart.XLabel))
        .Append(Text("tick start", 2, 11, chart.YLabel));

    XElement? Band(Curve curve, int at) => curve.Outline.Count == 0 ? null : Path(curve.Outline, $"band {Colour(at)}");

    IEnumerable<XElement> Lines(Curve curve, int at)
    {
        if (curve.IsNoisy)
            yield return Line(curve.Raw, $"raw {Colour(at)}");
        yield return Line(curve.Trend, $"trend {Colour(at)}");
        if (curve.Raw.Count > FewPoints)
            yield break;
        foreach (var point in curve.Raw)
            yield return Element(
                "circle", Class($"dot {Colour(at)}"), Attribute("cx", Across(point.X)), Attribute("cy", Down(point.Y)), Attribute("r", 3));
    }

    XElement Line(IReadOnlyList<Point> points, string style) => Path(Curve.Thin(points, Columns), style);

    XElement Path(IReadOnlyList<Point> points, string style)
    {
        var places = points.Select(point => $"{Coordinate(Across(point.X))} {Coordinate(Down(point.Y))}");
        return Element("path", Class(style), Attribute("d", "M" + string.Join('L', places)));
    }

    /// <summary>The last value of every curve next to its end, moved apart where labels would overlap.</summary>
    IEnumerable<XElement> LastValues()
    {
        var heights = Spread([.. curves.Select(curve => Down(curve.Trend[^1].Y) + 4)], LineHeight);
        return curves.Select((curve, at) => Text($"value start {Colour(at)}", Across(curve.Trend[^1].X) + 7, heights[at], curve.Last));
    }

    /// <summary>The heights nearest to the desired ones, from the top down, with a gap between each other.</summary>
    static double[] Spread(double[] desired, double gap)
    {
        var placed = (double[])desired.Clone();
        int[] order = [.. Enumerable.Range(0, desired.Length).OrderBy(at => desired[at])];
        for (var i = 1; i < order.Length; i++)
            placed[order[i]] = Math.Max(placed[order[i]], placed[order[i - 1]] + gap);
        var tooLow = Math.Max(0, placed[order[^1]] - (Height - Bottom));
        return [.. placed.Select(height => height - tooLow)];
    }

    static XElement Text(string style, double x, double y, string text) =>
        Element("text", Class(style), Attribute("x", x), Attribute("y", y), text);

    double Across(double value) => Left + x.Share(value) * (Width - Left - Right);

    double Down(double value) => Height - Bottom - y.Share(value) * (Height - Top - Bottom);
}
