using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Attune.Studio.Layout;

/// <summary>
/// Renders Markdown without anything that could run or load: no HTML, no images, and links to web pages and mail addresses only.
/// </summary>
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

    static bool IsHarmless(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https" or "mailto");
}
