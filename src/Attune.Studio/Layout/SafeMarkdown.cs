using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Attune.Studio.Layout;

/// <summary>Markdown without what could run or load something: no HTML, no pictures, links to web pages and mail only.</summary>
static class SafeMarkdown
{
    static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseEmphasisExtras().Build();

    public static string ToHtml(string text)
    {
        var document = Markdig.Markdown.Parse(text, Pipeline);
        foreach (var link in document.Descendants<LinkInline>().ToList())
            if (link.IsImage || !IsHarmless(link.Url))
                link.ReplaceBy(new LiteralInline(link.Title ?? link.Url ?? ""), copyChildren: false);
        foreach (var link in document.Descendants<AutolinkInline>().ToList())
            if (!link.IsEmail && !IsHarmless(link.Url))
                link.ReplaceBy(new LiteralInline(link.Url), copyChildren: false);
        return document.ToHtml(Pipeline);
    }

    static bool IsHarmless(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https" or "mailto");
}
