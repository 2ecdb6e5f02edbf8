using System.Text.RegularExpressions;

namespace Attune.Data.Agreement;

/// <summary>A property of a response that may influence people besides its content.</summary>
public enum StyleFeature
{
    /// <summary>The length.</summary>
    Length,

    /// <summary>Markdown headers.</summary>
    Headers,

    /// <summary>Items of Markdown lists.</summary>
    ListItems,

    /// <summary>Bold texts.</summary>
    Bold,
}

/// <summary>The style of a response, as in the style control of Chatbot Arena: Li, Angelopoulos and Chiang 2024, Does style matter?
/// https://lmsys.org/blog/2024-08-28-style-control/</summary>
/// <param name="Length">The length, in characters or tokens.</param>
/// <param name="Headers">How many Markdown headers.</param>
/// <param name="ListItems">How many items of Markdown lists.</param>
/// <param name="Bold">How many bold texts.</param>
public readonly partial record struct ResponseStyle(int Length, int Headers = 0, int ListItems = 0, int Bold = 0)
{
    /// <summary>Counts the elements of a Markdown text, outside of code blocks.</summary>
    /// <param name="text">The text.</param>
    /// <param name="length">Its length.</param>
    public static ResponseStyle FromMarkdown(string text, int length)
    {
        var prose = CodeBlock().Replace(text, "");
        return new(length, Header().Count(prose), ListItem().Count(prose), BoldText().Count(prose));
    }

    /// <summary>
    /// How much more of a feature one response has than another, from −1 to 1: (a − b) / (a + b) for lengths, (a − b) / (a + b + 1) for
    /// counts, in twentieths.
    /// </summary>
    internal static double Difference(StyleFeature feature, ResponseStyle one, ResponseStyle other)
    {
        var (a, b) = ((long)one.Count(feature), (long)other.Count(feature));
        return a == b ? 0 : Math.Round(Steps * (double)(a - b) / (a + b + (feature == StyleFeature.Length ? 0 : 1))) / Steps;
    }

    const int Steps = 20;

    int Count(StyleFeature feature) => feature switch
    {
        StyleFeature.Length => Length,
        StyleFeature.Headers => Headers,
        StyleFeature.ListItems => ListItems,
        _ => Bold,
    };

    const RegexOptions Lines = RegexOptions.Multiline | RegexOptions.NonBacktracking;

    [GeneratedRegex("```[^`]*```", RegexOptions.NonBacktracking)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^#{1,6}\s", Lines)]
    private static partial Regex Header();

    [GeneratedRegex(@"^[^\S\n]*([-*+]|[0-9]+\.)[^\S\n]", Lines | RegexOptions.ExplicitCapture)]
    private static partial Regex ListItem();

    [GeneratedRegex(@"\*\*[^*\n]+\*\*|__[^_\n]+__", Lines)]
    private static partial Regex BoldText();
}
