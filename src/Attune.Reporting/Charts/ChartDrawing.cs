using System.Xml.Linq;
using static Attune.Reporting.Charts.Html;

namespace Attune.Reporting.Charts;

/// <summary>Draws a chart as SVG: a light grid, thin lines for the measured values, and a strong line for the trend.</summary>
public sealed class ChartDrawing
{
    /// <summary>How a reader zooms a chart of a page with <c>chart-zoom.js</c>.</summary>
    public const string ZoomHint =
        "Drag over a chart to enlarge a part of it, and double-click to show all; or use the keys +, −, ←, → and Esc.";

    internal const double Width = 440, Height = 236;

    /// <summary>The number of colours of curves.</summary>
    const int Colours = 6;

    const double Left = 48, Right = 50, Top = 26, Bottom = 30;
    const double LineHeight = 13;
    const int Columns = 400;

    /// <summary>Curves with at most this many points, such as evaluations, show each point.</summary>
    const int FewPoints = 25;

    /// <summary>How many positions of a longer curve show their value under the pointer.</summary>
    const int Hovers = 30;

    /// <summary>Other axes have at least this share of their largest value, so that noise does not fill the chart.</summary>
    const double LeastRelativeSpan = 0.05;

    const double LeastShareSpan = 10;

    /// <summary>More last values do not fit next to the curves; the legend has them.</summary>
    const int MostLastValues = 12;

    readonly Chart chart;
    readonly Curve[] curves;
    readonly Axis x;
    readonly Axis y;
    readonly bool isOnPage;

    /// <param name="chart">The chart.</param>
    /// <param name="curves">Its curves.</param>
    /// <param name="isOnPage">Whether it is part of a page, where values can be shown under the pointer; not of an image.</param>
    ChartDrawing(Chart chart, Curve[] curves, bool isOnPage)
    {
        (this.chart, this.curves, this.isOnPage) = (chart, curves, isOnPage);
        Point[] all = [.. curves.SelectMany(curve => curve.Raw.Concat(curve.Outline))];
        x = chart.View.HasLogX
            ? Axis.Logarithmic(all.Min(point => point.X), all.Max(point => point.X))
            : Axis.Over(all.Min(point => point.X), all.Max(point => point.X), mostTicks: 5);
        if (chart.View.HasLogY)
        {
            y = Axis.Logarithmic(all.Min(point => point.Y), all.Max(point => point.Y));
            return;
        }
        var leastSpan = chart.IsShare ? LeastShareSpan : LeastRelativeSpan * all.Max(point => Math.Abs(point.Y));
        y = Axis.Over(
            all.Min(point => point.Y), all.Max(point => point.Y), mostTicks: 5, margin: 0.06, Math.Max(chart.LeastSpan, leastSpan),
            chart.IsShare ? (0, 100) : null);
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
            new ChartDrawing(chart, drawable, isOnPage: true).Svg(id));
    }

    /// <summary>The axes and curves only, for use in a larger drawing; null when there is nothing to draw.</summary>
    internal static XElement? Panel(Chart chart)
    {
        var drawable = DrawableCurves(chart);
        return drawable.Length == 0 ? null : Element("g", new ChartDrawing(chart, drawable, isOnPage: false).Content());
    }

    /// <summary>The CSS classes of a curve by its index: a colour, and whether an earlier curve has it too.</summary>
    internal static string Colour(int at) => $"c{at % Colours}{(at < Colours ? "" : " again")}";

    static Curve[] DrawableCurves(Chart chart) =>
        [.. chart.Series.Select(series => new Curve(series, chart.View.Smoothing)).Where(curve => curve.Raw.Count > 0)];

    static XElement Legend(Curve[] drawable) => Element("ul", Class("legend"), drawable.Select((curve, at) =>
        Element("li",
            Element("span", Class($"swatch {Colour(at)}"), Attribute("aria-hidden", "true")),
            curve.Name + " ",
            Element("b", curve.Summary))));

    XElement Svg(string id) => Element("svg",
        Class("zoom"), Attribute("tabindex", "0"), Attribute("data-x", x.Range), Attribute("data-y", y.Range),
        Attribute("viewBox", $"0 0 {Width} {Height}"), Attribute("role", "img"), Attribute("aria-labelledby", $"{id}-title {id}-desc"),
        Element("title", Attribute("id", $"{id}-title"), chart.Title),
        Element("desc", Attribute("id", $"{id}-desc"), Description()),
        Content());

    IEnumerable<object> Content() => chart.IsDistribution
        ? [Axes(), Labels(), Plot(curves.Select(Band), curves.Select((curve, at) => Line(curve.Raw, $"trend {Colour(at)}")))]
        : [Axes(), Labels(), Plot(curves.Select(Band), curves.Select(Lines)), LastValues()];

    /// <summary>The curves: on a page in a drawing of their own, of which <c>chart-zoom.js</c> shows a part.</summary>
    XElement Plot(params IEnumerable<object> content)
    {
        if (!isOnPage)
            return Element("g", content);
        var (width, height) = (Width - Left - Right, Height - Top - Bottom);
        return Element("svg", Class("plot"), Attribute("preserveAspectRatio", "none"),
            Attribute("x", Left), Attribute("y", Top), Attribute("width", width), Attribute("height", height),
            Attribute("viewBox", $"{Left} {Top} {width} {height}"), content);
    }

    string Description() => string.Join("; ", curves.Select(curve => chart.IsDistribution
        ? $"{curve.Name}: {curve.Summary}"
        : $"{curve.Name}: {curve.First} at {At(curve.Trend[0])}, {curve.Last} at {At(curve.Trend[^1])}")) + ".";

    string At(Point point) => $"{chart.XLabel} {NumberFormat.Number(point.X)}";

    XElement Axes() => Element("g", Class("axes"),
        y.Ticks.Select(tick => new[]
        {
            Rule("grid", Down(tick)),
            Text("tick end", Left - 7, Down(tick) + 4, y.Text(tick)),
        }),
        Rule("base", Height - Bottom),
        x.Ticks.Select(tick => Text("tick middle", Across(tick), Height - Bottom + 16, x.Text(tick))));

    static XElement Rule(string style, double height) =>
        Element("line", Class(style), Attribute("x1", Left), Attribute("x2", Width - Right),
            Attribute("y1", height), Attribute("y2", height));

    IEnumerable<XElement> Labels() =>
        [Text("tick end", Width, Height - Bottom + 16, chart.XLabel), Text("tick start", 2, 11, chart.YLabel)];

    XElement? Band(Curve curve, int at) => curve.Outline.Count == 0 ? null : Path(curve.Outline, $"band {Colour(at)}");

    IEnumerable<XElement> Lines(Curve curve, int at)
    {
        if (curve.IsNoisy)
            yield return Line(curve.Raw, $"raw {Colour(at)}");
        yield return Line(curve.Trend, $"trend {Colour(at)}");
        if (curve.Raw.Count <= FewPoints)
            foreach (var point in curve.Raw)
                yield return Dot(curve, point, $"dot {Colour(at)}", radius: 3);
        else if (isOnPage)
            foreach (var point in Evenly(curve.Trend, Hovers))
                yield return Dot(curve, point, "hover", radius: 7);
    }

    /// <summary>A point, whose value browsers show under the pointer.</summary>
    XElement Dot(Curve curve, Point point, string style, double radius) => Element(
        "ellipse", Class(style), Attribute("cx", Across(point.X)), Attribute("cy", Down(point.Y)),
        Attribute("rx", radius), Attribute("ry", radius),
        isOnPage ? Element("title", $"{curve.Name}, {At(point)}: {curve.ValueAt(point)}") : null);

    static IEnumerable<Point> Evenly(IReadOnlyList<Point> points, int count) =>
        Enumerable.Range(0, count).Select(i => points[i * (points.Count - 1) / (count - 1)]);

    XElement Line(IReadOnlyList<Point> points, string style) => Path(Curve.Thin(points, Columns), style);

    XElement Path(IReadOnlyList<Point> points, string style)
    {
        var places = points.Select(point => $"{Coordinate(Across(point.X))} {Coordinate(Down(point.Y))}");
        return Element("path", Class(style), Attribute("d", "M" + string.Join('L', places)));
    }

    /// <summary>The last value of every curve next to its end, moved apart where labels would overlap.</summary>
    IEnumerable<XElement> LastValues()
    {
        if (curves.Length > MostLastValues)
            return [];
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
