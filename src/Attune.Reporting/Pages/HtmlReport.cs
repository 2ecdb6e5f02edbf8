using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Attune.Reporting.Charts;
using Attune.Reporting.Files;
using static Attune.Reporting.Charts.Html;

namespace Attune.Reporting.Pages;

/// <summary>
/// Writes a report as one self-contained HTML file: no network, for light and dark mode, phones and print. Its only script zooms charts.
/// </summary>
public static class HtmlReport
{
    const int VisibleSamples = 8;
    const int VisibleInColumn = 4;
    const int MaxTextLength = 4000;

    /// <summary>What the script is written as while the page is XML, which would escape it.</summary>
    const string ScriptPlace = "/* chart-zoom.js */";

    static readonly string Script = ReadScript();

    /// <summary>The content security policy: the page's style, its empty icon and the script that zooms charts, nothing else.</summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; script-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Script)))}'; "
        + "style-src 'unsafe-inline'; img-src data:";

    /// <summary>Writes the file atomically.</summary>
    public static void Write(string path, ReportPage page) => AtomicWrite.File(path, Render(page));

    /// <summary>The HTML text.</summary>
    public static string Render(ReportPage page)
    {
        var html = Element("html", Attribute("lang", "en"), Head(page), Body(page));
        var text = html.ToString(SaveOptions.DisableFormatting);
        return $"<!DOCTYPE html>\n{text.Replace($"<script>{ScriptPlace}<", $"<script>{Script}<", StringComparison.Ordinal)}\n";
    }

    static string ReadScript()
    {
        using var reader = new StreamReader(typeof(HtmlReport).Assembly.GetManifestResourceStream("chart-zoom.js")!);
        return reader.ReadToEnd();
    }

    static XElement Head(ReportPage page) => Element("head",
        Element("meta", Attribute("charset", "utf-8")),
        Element("meta", Attribute("name", "viewport"), Attribute("content", "width=device-width, initial-scale=1")),
        Element("meta", Attribute("name", "color-scheme"), Attribute("content", "light dark")),
        Element("meta", Attribute("http-equiv", "Content-Security-Policy"), Attribute("content", ContentSecurityPolicy)),
        Element("title", page.Title),
        Element("link", Attribute("rel", "icon"), Attribute("href", "data:,")),
        Element("style", ReportStyle.Css),
        Element("script", ScriptPlace));

    static XElement Body(ReportPage page) => Element("body",
        Element("header",
            Element("p", Class("brand"), "Attune"),
            Element("h1", page.Title),
            Paragraph("lead", page.Lead),
            Facts(page.Facts, "facts large"),
            page.Sections.Count > 1 ? Contents(page.Sections) : null),
        Element("main", page.Sections.Select(Section)),
        Element("footer", Element("p", $"{ChartDrawing.ZoomHint} Written by Attune. This file is self-contained: it loads nothing.")));

    static XElement Contents(IReadOnlyList<ReportSection> sections) => Element("nav", Attribute("aria-label", "Contents"),
        Element("ol", sections.Select((section, at) => Element("li", Element("a", Attribute("href", $"#part-{at + 1}"), section.Title)))));

    static XElement Section(ReportSection section, int at)
    {
        var id = $"part-{at + 1}";
        return Element("section", Attribute("id", id), Attribute("aria-labelledby", $"{id}-title"),
            Element("h2", Attribute("id", $"{id}-title"), section.Title),
            Paragraph("lead", section.Lead),
            Facts(section.Facts, "facts"),
            Charts(section.Charts, id),
            Samples(section.Samples, VisibleSamples, section.SampleTitles, isWide: true),
            Columns(section),
            section.Tables.Select(Table),
            section.Folded.Select((part, index) => Folded(part.Title, Content(part, $"{id}-{index + 1}"))),
            section.Notes.Select(note => Paragraph("note", note)));
    }

    static XElement? Paragraph(string style, string text) => text.Length == 0 ? null : Element("p", Class(style), text);

    static XElement? Facts(IReadOnlyList<Fact> facts, string style) => facts.Count == 0
        ? null
        : Element("dl", Class(style), facts.Select(fact => Element("div",
            Element("dt", fact.Label),
            Element("dd", Class("figure"), fact.Value),
            fact.Explanation is null ? null : Element("dd", fact.Explanation.Replace(" %", "\u00a0%", StringComparison.Ordinal)))));

    static XElement? Columns(ReportSection section) => section.Columns.Count == 0
        ? null
        : Element("div", Class("columns"), section.Columns.Select(column => Element("div", Class("column"),
            Element("h3", column.Title),
            column.Samples.Count == 0 ? Paragraph("captions", "none") : null,
            Samples(column.Samples, VisibleInColumn, section.SampleTitles, isWide: false))));

    static IEnumerable<XElement> Samples(
        IReadOnlyList<BeforeAfter> samples, int visible, (string Before, string After) titles, bool isWide)
    {
        if (samples.Count == 0)
            yield break;
        yield return Element("div", Class("samples"), samples.Take(visible).Select(Show));
        if (samples.Count - visible is > 0 and var others)
            yield return Folded(
                others == 1 ? "1 more prompt" : $"{others} more prompts",
                [Element("div", Class("samples"), samples.Skip(visible).Select(Show))]);

        XElement Show(BeforeAfter sample) => Element("article", Class("sample"),
            Element("div", Class("prompt"), Element("h4", "Prompt"), Untrusted(sample.Prompt)),
            Element("div", Class(isWide && sample is { Before: not null, After: not null } ? "answers two" : "answers"),
                Shown(sample.Before, titles.Before, "answer before"),
                Shown(sample.After, titles.After, "answer after")));
    }

    static XElement? Shown(ReportedResponse? response, string title, string style) => response is null ? null : Element("div", Class(style),
        Element("h4", title, response.Assessment is { } assessment
            ? Element(
                "span", Class(assessment.IsGood ? "verdict good" : "verdict bad"), (assessment.IsGood ? "▲ " : "▼ ") + assessment.Text)
            : null),
        !string.IsNullOrWhiteSpace(response.Text) ? Untrusted(response.Text) : Paragraph("text nothing", "(empty response)"),
        Paragraph("captions", string.Join(" · ", response.Captions)));

    /// <summary>Untrusted text, with automatic text direction, without white space at its ends.</summary>
    static XElement Untrusted(string text) =>
        Element("p", Class("text"), Attribute("dir", "auto"), VisibleText.Cut(text.Trim(), MaxTextLength));

    static XElement? Charts(IReadOnlyList<Chart> charts, string id)
    {
        XElement[] figures = [.. charts.Select((chart, at) => ChartDrawing.Figure(chart, $"{id}-chart-{at + 1}")).OfType<XElement>()];
        return figures.Length == 0 ? null : Element("div", Class("charts"), figures);
    }

    static IEnumerable<XElement?> Content(FoldedPart part, string id) =>
        [Charts(part.Charts, id), .. part.Tables.Select(Table), part.Text.Length == 0 ? null : Preformatted(part.Text)];

    static XElement Preformatted(string text) => Element("pre", Attribute("tabindex", "0"), text);

    static XElement Folded(string title, IEnumerable<XElement?> content) => Element("details", Element("summary", title), content);

    static XElement Table(ReportTable table) => Element("div",
        Class("table"), Attribute("tabindex", "0"), Attribute("role", "region"), Attribute("aria-label", table.Title),
        Element("table",
            Element("caption", table.Title),
            Element("thead", Element("tr", table.Columns.Select(column => Element("th", Attribute("scope", "col"), column)))),
            Element("tbody", table.Rows.Select(row => Element("tr", row.Select((cell, at) =>
                at == 0 ? Element("th", Attribute("scope", "row"), cell) : Element("td", cell)))))));
}
