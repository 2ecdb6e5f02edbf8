using Attune.Reporting.Charts;

namespace Attune.Reporting.Pages;

/// <summary>A report: what it is about in one sentence, the figures to remember, and sections to read from the top.</summary>
/// <param name="Title">Also the title of the browser's tab.</param>
/// <param name="Lead">One sentence.</param>
/// <param name="Sections">Listed under the title when there are several.</param>
public sealed record ReportPage(string Title, string Lead, IReadOnlyList<ReportSection> Sections)
{
    /// <summary>The few figures that stand large under the title.</summary>
    public IReadOnlyList<Fact> Facts { get; init; } = [];
}

/// <summary>A part of a report, such as one stage of training. What is empty is not shown.</summary>
public sealed record ReportSection(string Title)
{
    /// <summary>One sentence under the title.</summary>
    public string Lead { get; init; } = "";

    public IReadOnlyList<Fact> Facts { get; init; } = [];

    /// <summary>Answers side by side; those past the first eight are folded away.</summary>
    public IReadOnlyList<BeforeAfter> Samples { get; init; } = [];

    /// <summary>What stands over the answers of the left and of the right.</summary>
    public (string Before, string After) SampleTitles { get; init; } = ("Before", "After");

    public IReadOnlyList<Chart> Charts { get; init; } = [];

    public IReadOnlyList<ReportTable> Tables { get; init; } = [];

    /// <summary>For who wants to know more.</summary>
    public IReadOnlyList<FoldedPart> Folded { get; init; } = [];

    /// <summary>Paragraphs at the end.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>Charts and tables behind a line that unfolds them.</summary>
public sealed record FoldedPart(string Title, IReadOnlyList<Chart> Charts, IReadOnlyList<ReportTable> Tables);

/// <summary>A figure with its name, and what it means where that helps.</summary>
public sealed record Fact(string Label, string Value, string? Explanation = null);

/// <summary>A prompt and the answers of the model before and after; either may be missing.</summary>
public sealed record BeforeAfter(string Prompt, ReportedResponse? Before, ReportedResponse? After);

/// <summary>What a model wrote, with remarks (score, KL …) and a verdict.</summary>
public sealed record ReportedResponse(string Text)
{
    public IReadOnlyList<string> Captions { get; init; } = [];

    public Assessment? Assessment { get; init; }
}

/// <summary>A judgement in a word or two, and whether it is good news.</summary>
public sealed record Assessment(string Text, bool IsGood);

/// <summary>Rows of text under column titles; the first column names the row.</summary>
public sealed record ReportTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);
