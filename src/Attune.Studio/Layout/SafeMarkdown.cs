using System.Buffers;
using Attune.Store;
using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Attune.Studio.Layout;

/// <summary>
/// Renders Markdown without anything that could run or load: no HTML, no images, and links to web pages and mail addresses only. One object
/// renders all texts of one HTTP response and bounds their size together: the parser's time grows with the square of the number of
/// characters that can have a meaning in Markdown.
/// </summary>
public sealed class SafeMarkdown
{
    static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseEmphasisExtras().Build();

    static readonly SearchValues<char> Marks = SearchValues.Create("[]()*_`<>~^+=|!\\&-");

    int characters = 200_000;
    int marks = 8_000;

    /// <summary>For the responses of a project; null where it shows them as plain text.</summary>
    public static SafeMarkdown? For(ProjectSettings settings) => settings.Markdown ? new() : null;

    /// <returns>Null for a text that is too long, too intricate, or nested too deeply.</returns>
    public string? ToHtml(string text)
    {
        characters -= text.Length;
        marks -= text.AsSpan().CountAny(Marks);
        if (characters < 0 || marks < 0)
            return null;
        try
        {
            return Render(text);
        }
        catch (ArgumentException)     // nested too deeply for the parser
        {
            return null;
        }
    }

    static string Render(string text)
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
