using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Testing;

namespace Attune.Reporting.Tests;

public sealed class HtmlReportTests
{
    const string Hostile = "</p></style><script>alert(1)</script><img src=x onerror=\"alert(2)\"> & ' \u0000\u001b[2J\u202e\ud800";

    static readonly ReportPage Everything = new(Hostile, Hostile,
    [
        new(Hostile)
        {
            Lead = Hostile,
            Facts = [new(Hostile, Hostile, Hostile)],
            SampleTitles = (Hostile, Hostile),
            Samples = [new(
                Hostile, new(Hostile) { Captions = [Hostile, Hostile] }, new(Hostile) { Assessment = new(Hostile, IsGood: false) })],
            Charts = [new(Hostile, Hostile, [new(Hostile, [new(1, 1), new(2, 2)])]) { XLabel = Hostile, YLabel = Hostile }],
            Tables = [new(Hostile, [Hostile, Hostile], [[Hostile, Hostile]])],
            Folded = [new(Hostile, [], [new(Hostile, [Hostile], [[Hostile]])]) { Text = Hostile }],
            Columns = [new(Hostile, [new(Hostile, new(Hostile), new(Hostile))])],
            Notes = [Hostile],
        },
        new("Empty"),
    ])
    {
        Facts = [new(Hostile, Hostile)],
    };

    [Fact]
    public void HostileTextIsShownAndDoesNothing()
    {
        var page = Parse(Everything);
        Assert.DoesNotContain(page.Descendants(), element => element.Name.LocalName is "img" or "iframe" or "object");
        Assert.DoesNotContain(AttributeNames(page), name => name.StartsWith("on", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("</p></style><script>alert(1)</script><img src=x onerror=\"alert(2)\"> & ' ␀␛[2J[U+202E]\ufffd", Texts(page));
        Assert.StartsWith("// Zooms charts", Assert.Single(page.Descendants("script")).Value, StringComparison.Ordinal);
        var style = Assert.Single(page.Descendants("style")).Value;
        Assert.DoesNotContain(style, character => character is '<' or '>' or '&');
    }

    [Fact]
    public void NothingIsLoadedFromElsewhere()
    {
        var text = HtmlReport.Render(Everything);
        Assert.DoesNotContain("http:", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("https:", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", text, StringComparison.OrdinalIgnoreCase);
        var page = Parse(Everything);
        Assert.DoesNotContain(AttributeNames(page), name => name is "src" or "srcset" or "data" or "action");
        Assert.All(page.Descendants().Attributes("href"), link => Assert.Matches("^(#|data:,$)", link.Value));
        var policy = page.Descendants("meta").Single(meta => (string?)meta.Attribute("http-equiv") == "Content-Security-Policy");
        var script = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(page.Descendants("script").Single().Value)));
        Assert.StartsWith(
            $"default-src 'none'; script-src 'sha256-{script}';", policy.Attribute("content")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void OnlyVoidElementsCloseThemselves() => Assert.All(
        Parse(Everything).Descendants().Where(element => element.IsEmpty).Select(element => element.Name.LocalName).Distinct(),
        name => Assert.Contains(name, new[] { "meta", "link", "path", "line", "ellipse" }));

    [Fact]
    public void IdentifiersAreUniqueAndEveryReferenceHasItsTarget()
    {
        Chart chart = new("Same", "", [new("a", [new(0, 1), new(1, 2)])]);
        ReportSection section = new("Same") { Charts = [chart, chart], Folded = [new("More", [chart], [])] };
        var page = Parse(new("Twice", "", [section, section]));
        string[] ids = [.. page.Descendants().Attributes("id").Select(id => id.Value)];
        Assert.Equal(6, page.Descendants("figure").Count());
        Assert.Equal(ids.Distinct(), ids);
        var labels = page.Descendants().Attributes("aria-labelledby").SelectMany(names => names.Value.Split(' '));
        Assert.All(labels, name => Assert.Contains(name, ids));
        Assert.All(page.Descendants("a"), link => Assert.Contains(link.Attribute("href")!.Value[1..], ids));
    }

    [Fact]
    public void EveryChartTellsItsStoryToWhoCannotSeeIt()
    {
        var svg = Chart(new("Loss", "Falls.", [new("training", [new(1, 4.213), new(400, 1.93)])]))
            .Descendants("figure").Single().Element("svg")!;
        Assert.Equal("Loss", svg.Element("title")!.Value);
        Assert.Equal("training: 4.21 at step 1, 1.93 at step 400.", svg.Element("desc")!.Value);
        Assert.Equal("img", (string?)svg.Attribute("role"));
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(500, 30)]
    public void Chart_Points_ShowTheirValueUnderThePointer(int points, int expected)
    {
        Series series = new("held-out", [.. Enumerable.Range(1, points).Select(step => new Point(step, step))]);
        string[] titles = [.. Chart(new("Score", "", [series])).Descendants("ellipse").Select(dot => dot.Element("title")!.Value)];
        Assert.Equal(expected, titles.Length);
        Assert.Equal(("held-out, step 1: 1", $"held-out, step {points}: {points}"), (titles[0], titles[^1]));
    }

    [Fact]
    public void Chart_ShareThatHardlyChanges_DoesNotFillTheAxis()
    {
        var chart = Chart(new("Distinct", "", [new("held-out", [new(1, 97.7), new(2, 98)])]) { YLabel = "%" });
        double[] heights = [.. chart.Descendants("ellipse").Select(dot => (double)dot.Attribute("cy")!)];
        Assert.InRange(Math.Abs(heights[1] - heights[0]), 1, 10);                  // 0.3 of at least ten points, of 180 pixels
    }

    [Fact]
    public void AChartOfNoUsablePointsIsLeftOut() =>
        Assert.Empty(Chart(new("Loss", "", [new("training", [new(1, double.NaN)]), new("held-out", [])])).Descendants("figure"));

    [Fact]
    public void AnyNumbersGiveACoordinateWithinTheDrawing()
    {
        double[] values = [0, 1e-300, -1e99, 1e99, double.MaxValue, double.NaN, double.NegativeInfinity, 5];
        Series wild = new("a", [.. values.Select((value, at) => new Point(at, value))]);
        foreach (var path in Chart(new("Wild", "", [wild])).Descendants("path"))
            Assert.Matches(@"^M(-?\d+(\.\d)?[ L]?)+$", path.Attribute("d")!.Value);
    }

    [Fact]
    public void ALongRunStaysASmallFile()
    {
        var random = new Random(1);
        Point[] points = [.. Enumerable.Range(0, 200_000).Select(step => new Point(step, random.NextDouble()))];
        var text = HtmlReport.Render(new("Long", "", [new("A") { Charts = [new("C", "", [new("a", points)])] }]));
        Assert.InRange(text.Length, 10_000, 100_000);
    }

    [Fact]
    public void AnswersPastTheEighthAreFoldedAway()
    {
        BeforeAfter[] samples = [.. Enumerable.Range(0, 10).Select(at => new BeforeAfter($"p{at}", new("b"), new("a")))];
        var page = Parse(new("Many", "", [new("A") { Samples = samples }]));
        Assert.Equal("2 more prompts", page.Descendants("summary").Single().Value);
        Assert.Equal(2, page.Descendants("details").Single().Descendants("article").Count());
    }

    [Fact]
    public void AnAnswerWithoutWordsSaysSo() =>
        Assert.Contains("(empty response)", Texts(Parse(new("Empty", "", [new("A") { Samples = [new("p", null, new(" \n"))] }]))));

    [Fact]
    public void AHugeAnswerIsCut()
    {
        var text = HtmlReport.Render(new("Huge", "", [new("A") { Samples = [new("p", null, new(new string('x', 1_000_000)))] }]));
        Assert.InRange(text.Length, 4_000, 30_000);
        Assert.Contains("(996,000 more characters)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFileReplacesTheOneBefore()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("report.html", "old");
        HtmlReport.Write(path, new("New", "", []));
        Assert.StartsWith("<!DOCTYPE html>\n<html lang=\"en\">", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    static XDocument Chart(Chart chart) => Parse(new("One", "", [new("A") { Charts = [chart] }]));

    static XDocument Parse(ReportPage page)
    {
        using var reader = XmlReader.Create(new StringReader(HtmlReport.Render(page)), new() { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader);
    }

    static IEnumerable<string> AttributeNames(XDocument page) =>
        page.Descendants().Attributes().Select(attribute => attribute.Name.LocalName);

    static string[] Texts(XDocument page) => [.. page.DescendantNodes().OfType<XText>().Select(text => text.Value)];
}
