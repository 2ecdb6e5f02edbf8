using Attune.Data;
using Attune.Reporting.Charts;
using Attune.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Display;

/// <summary>
/// Tokens as people read them, with the borders between them: what is learned in green, the rest in grey, in two shades by turns. Without
/// colour a bar stands between tokens, and what is learned is in brackets.
/// </summary>
public static class TokenText
{
    static readonly Style[] Learned = [new(foreground: Color.Green, decoration: Decoration.Bold), new(foreground: Color.Lime, decoration: Decoration.Bold)];
    static readonly Style[] Read = [new(foreground: Color.Grey), new(foreground: Color.Silver)];

    /// <param name="tokenizer">Knows the tokens.</param>
    /// <param name="row">Of an encoder–decoder, the source stands before the tokens.</param>
    /// <param name="most">Tokens that are shown; how many more there are is said behind them.</param>
    /// <param name="inColour">Whether colours tell the tokens apart.</param>
    public static IReadOnlyList<Segment> Render(Tokenizer tokenizer, TokenRow row, int most, bool inColour)
    {
        int[] tokens = [.. row.Source ?? [], .. row.Tokens];
        bool[] learned = [.. (row.Source ?? []).Select(_ => false), .. row.LossMask];
        var segments = new List<Segment>();
        var shown = Math.Min(most, tokens.Length);
        foreach (var (at, text) in Texts(tokenizer, tokens[..shown]).Index())
            segments.Add(inColour ? new(text, (learned[at] ? Learned : Read)[at % 2]) : new(Border(learned, at) + text + (at == shown - 1 && learned[at] ? "]" : "")));
        if (tokens.Length > most)
            segments.Add(new($" … ({tokens.Length - most:N0} more tokens, {learned.Skip(most).Count(bit => bit):N0} of them learned)"));
        return segments;
    }

    /// <summary>What stands before a token.</summary>
    static string Border(bool[] learned, int at)
    {
        var isLearnedBefore = at > 0 && learned[at - 1];
        return isLearnedBefore == learned[at] ? at > 0 ? "|" : "" : learned[at] ? "[" : "]";
    }

    /// <summary>The text of each token; … for one that is a part of a character.</summary>
    static IReadOnlyList<string> Texts(Tokenizer tokenizer, int[] tokens)
    {
        try
        {
            var stream = tokenizer.NewDecodeStream();
            return [.. tokens.Select(token => stream.Step(token) is { } text ? Shown(text) : "…")];
        }
        catch (InvalidDataException)                               // a decoder that looks at whole texts only
        {
            return [.. tokens.Select(token => Shown(tokenizer.IdToToken(token) ?? "�"))];
        }
    }

    static string Shown(string text) => VisibleText.Escape(text).Replace("\n", "⏎\n", StringComparison.Ordinal);
}
