using Attune.Reporting.Charts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Display;

/// <summary>
/// A chart in a terminal: curves of braille dots in colours, with the range of each axis and a legend. Without colours, each curve is
/// drawn with a letter.
/// </summary>
/// <param name="chart">The chart.</param>
/// <param name="hasColours">Whether the terminal shows colours.</param>
sealed class TerminalChart(Chart chart, bool hasColours) : Renderable
{
    const int Rows = 12, Labels = 9, Widest = 100;
    const int DotsAcross = 2, DotsDown = 4;

    static readonly Color[] Colours = [Color.Blue, Color.Orange1, Color.Green, Color.Fuchsia, Color.Aqua, Color.Red];

    /// <summary>The bit of each dot in a braille character, by row and column.</summary>
    static readonly int[,] Bits = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        Curve[] curves = [.. chart.Series.Select(series => new Curve(series, chart.View.Smoothing))];
        yield return new(chart.Title, new Style(decoration: Decoration.Bold));
        yield return new(chart.YLabel.Length > 0 ? $" ({chart.YLabel})" : "");
        yield return Segment.LineBreak;
        if (curves.All(curve => curve.Raw.Count == 0))
        {
            yield return new("no values");
            yield return Segment.LineBreak;
            yield break;
        }
        foreach (var segment in Grid(curves, Math.Clamp(maxWidth - Labels - 2, 10, Widest)).Concat(Legend(curves)))
            yield return segment;
    }

    IEnumerable<Segment> Grid(Curve[] curves, int columns)
    {
        Point[] all = [.. curves.SelectMany(curve => curve.Trend)];
        var x = AxisOf(all, point => point.X, chart.View.HasLogX);
        var y = AxisOf(all, point => point.Y, chart.View.HasLogY);
        var cells = new (int Bits, int Curve)[Rows, columns];
        foreach (var (at, curve) in curves.Index())
            Draw(cells, [.. curve.Trend.Select(point => (x.Share(point.X), y.Share(point.Y)))], at);
        for (var row = 0; row < Rows; row++)
        {
            var label = row == 0 ? NumberFormat.Number(y.High) : row == Rows - 1 ? NumberFormat.Number(y.Low) : "";
            yield return new(label.PadLeft(Labels) + " ");
            for (var column = 0; column < columns; column++)
                yield return Cell(cells[row, column], curves.Length);
            yield return Segment.LineBreak;
        }
        var (first, last) = (NumberFormat.Number(x.Low), $"{chart.XLabel} {NumberFormat.Number(x.High)}");
        yield return new(new string(' ', Labels + 1) + first + last.PadLeft(Math.Max(last.Length + 1, columns - first.Length)));
        yield return Segment.LineBreak;
    }

    static Axis AxisOf(Point[] points, Func<Point, double> value, bool isLogarithmic) => isLogarithmic
        ? Axis.Logarithmic(points.Min(value), points.Max(value))
        : Axis.Over(points.Min(value), points.Max(value), mostTicks: 5);

    static void Draw((int Bits, int Curve)[,] cells, (double X, double Y)[] places, int curve)
    {
        var (width, height) = (cells.GetLength(1) * DotsAcross - 1, Rows * DotsDown - 1);
        foreach (var (from, to) in places.Zip(places.Skip(1).DefaultIfEmpty(places.LastOrDefault())))
        {
            var (x0, y0, x1, y1) = (from.X * width, (1 - from.Y) * height, to.X * width, (1 - to.Y) * height);
            var dots = (int)Math.Ceiling(Math.Max(1, Math.Max(Math.Abs(x1 - x0), Math.Abs(y1 - y0))));
            for (var i = 0; i <= dots; i++)
            {
                var (column, row) = ((int)Math.Round(x0 + (x1 - x0) * i / dots), (int)Math.Round(y0 + (y1 - y0) * i / dots));
                ref var cell = ref cells[row / DotsDown, column / DotsAcross];
                cell = (cell.Bits | Bits[row % DotsDown, column % DotsAcross], curve);
            }
        }
    }

    Segment Cell((int Bits, int Curve) cell, int curves)
    {
        if (cell.Bits == 0)
            return new(" ");
        return hasColours ? new($"{(char)(0x2800 + cell.Bits)}", StyleOf(cell.Curve))
            : new(curves == 1 ? $"{(char)(0x2800 + cell.Bits)}" : $"{LetterOf(cell.Curve)}");
    }

    static Style StyleOf(int curve) => new(Colours[curve % Colours.Length]);

    static char LetterOf(int curve) => (char)('a' + curve % 26);

    IEnumerable<Segment> Legend(Curve[] curves)
    {
        foreach (var (at, curve) in curves.Index().Where(item => item.Item.Raw.Count > 0))
        {
            yield return new(new string(' ', Labels + 1));
            yield return hasColours ? new("■ ", StyleOf(at)) : new(curves.Length == 1 ? "" : $"{LetterOf(at)} ");
            yield return new($"{curve.Name} {curve.Summary}");
            yield return Segment.LineBreak;
        }
    }
}
