using System.Xml.Linq;
using static Attune.Reporting.Charts.Html;

namespace Attune.Reporting.Charts;

/// <summary>Charts of the same curves as one self-contained SVG file: two in a row, with a legend after the last one.</summary>
public static class ChartPicture
{
    const int Columns = 2;
    const double Gap = 28, Title = 30;
    const double Across = ChartDrawing.Width + Gap, Down = ChartDrawing.Height + Title + Gap;
    const double LegendLine = 22;

    const string Style = """

        svg { font-variant-numeric: tabular-nums; }
        text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; fill: var(--ink); }
        .tick { font-size: 12px; }
        .value { font-size: 12px; }
        .title { font-size: 15px; font-weight: 650; }
        .soft { fill: var(--soft); }
        .sheet { fill: var(--paper); }

        """;

    /// <param name="title">What the picture shows, for screen readers.</param>
    /// <param name="charts">The charts; those without a finite point are left out.</param>
    /// <param name="remark">A line under the legend.</param>
    /// <returns>The file's text, or null when there is nothing to draw.</returns>
    public static string? Render(string title, IReadOnlyList<Chart> charts, string remark)
    {
        XElement[] panels = [.. charts.Select(Panel).OfType<XElement>()];
        if (panels.Length == 0)
            return null;
        XElement[] cells = [.. panels, Legend(charts[0].Series, remark)];
        var (width, height) = (Columns * Across, (cells.Length + Columns - 1) / Columns * Down);
        var svg = Element("svg",
            Attribute("viewBox", $"0 0 {Coordinate(width)} {Coordinate(height)}"),
            Attribute("width", width), Attribute("height", height), Attribute("role", "img"),
            Element("title", title),
            Element("style", ReportStyle.Colours + ReportStyle.Drawing + Style),
            Element("rect", Class("sheet"), Attribute("width", width), Attribute("height", height)),
            cells.Select((cell, at) => Moved(cell, at % Columns * Across + Gap / 2, at / Columns * Down + Gap / 2)));
        foreach (var element in svg.DescendantsAndSelf())
            element.Name = XName.Get(element.Name.LocalName, "http://www.w3.org/2000/svg");
        return svg.ToString(SaveOptions.DisableFormatting) + "\n";
    }

    static XElement? Panel(Chart chart) => ChartDrawing.Panel(chart) is { } drawing
        ? Element("g", Text("title", 2, 14, chart.Title), Moved(drawing, 0, Title))
        : null;

    static XElement Moved(XElement drawing, double x, double y) =>
        Element("g", Attribute("transform", $"translate({Coordinate(x)} {Coordinate(y)})"), drawing);

    static XElement Legend(IReadOnlyList<Series> curves, string remark) => Element("g",
        curves.Where(curve => curve.Points.Count > 0).Select((curve, at) => Element("g",
            Element("path", Class($"trend {ChartDrawing.Colour(at)}"), Attribute("d", $"M2 {Coordinate(Line(at) - 4)}h34")),
            Text("", 46, Line(at), curve.Name))),
        Text("soft", 2, Line(curves.Count), remark));

    static double Line(int at) => Title + at * LegendLine;

    static XElement Text(string style, double x, double y, string text) =>
        Element("text", Class(style), Attribute("x", x), Attribute("y", y), text);
}
