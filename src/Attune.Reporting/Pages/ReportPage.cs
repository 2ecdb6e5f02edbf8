using Attune.Reporting.Charts;

namespace Attune.Reporting.Pages;

/// <summary>A report: a lead sentence, the main numbers, and sections.</summary>
/// <param name="Title">The title, also of the browser's tab.</param>
/// <param name="Lead">What the report is about, in one sentence.</param>
/// <param name="Sections">The sections, which are listed under the title when there are several.</param>
public sealed record ReportPage(string Title, string Lead, IReadOnlyList<ReportSection> Sections)
{
    /// <summary>The main numbers, shown large under the title.</summary>
    public IReadOnlyList<Fact> Facts { get; init; } = [];
}

/// <summary>A section of a report, such as a stage of training. Empty parts are not shown.</summary>
public sealed record ReportSection(string Title)
{
    /// <summary>One sentence under the title.</summary>
    public string Lead { get; init; } = "";

    public IReadOnlyList<Fact> Facts { get; init; } = [];

    /// <summary>Responses side by side; those after the first eight are collapsed.</summary>
    public IReadOnlyList<BeforeAfter> Samples { get; init; } = [];

    /// <summary>The headings of the left and the right responses.</summary>
    public (string Before, string After) SampleTitles { get; init; } = ("Before", "After");

    /// <summary>Responses in columns side by side, such as gains and losses.</summary>
    public IReadOnlyList<SampleColumn> Columns { get; init; } = [];

    public IReadOnlyList<Chart> Charts { get; init; } = [];

    public IReadOnlyList<ReportTable> Tables { get; init; } = [];

    /// <summary>Collapsed details.</summary>
    public IReadOnlyList<FoldedPart> Folded { get; init; } = [];

    /// <summary>Paragraphs at the end.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>Charts, tables and a text that are collapsed under a title.</summary>
public sealed record FoldedPart(string Title, IReadOnlyList<Chart> Charts, IReadOnlyList<ReportTable> Tables)
{
    /// <summary>A text with its own line breaks, such as a recipe; empty for none.</summary>
    public string Text { get; init; } = "";
}

/// <summary>Responses under a title; those after the first few are collapsed.</summary>
public sealed record SampleColumn(string Title, IReadOnlyList<BeforeAfter> Samples);

/// <summary>A number with its name, and optionally an explanation.</summary>
public sealed record Fact(string Label, string Value, string? Explanation = null);

/// <summary>A prompt with the model's responses before and after; either may be missing.</summary>
public sealed record BeforeAfter(string Prompt, ReportedResponse? Before, ReportedResponse? After);

/// <summary>A response of a model, with captions (score, KL …) and an assessment.</summary>
public sealed record ReportedResponse(string Text)
{
    public IReadOnlyList<string> Captions { get; init; } = [];

    public Assessment? Assessment { get; init; }
}

/// <summary>A short assessment, and whether it is good.</summary>
public sealed record Assessment(string Text, bool IsGood);

/// <summary>A table of texts; the first column has the row headings.</summary>
public sealed record ReportTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);
