using Attune.Data;
using Attune.Reporting.Charts;
using Attune.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Display;

/// <summary>
/// Shows the tokens of a text: tokens in the loss are green, others grey, in two alternating shades. Without colours, tokens are separated
/// by bars and those in the loss are in brackets.
/// </summary>
public static class TokenText
{
    static readonly Style[] InLoss =
        [new(foreground: Color.Green, decoration: Decoration.Bold), new(foreground: Color.Lime, decoration: Decoration.Bold)];
    static readonly Style[] Others = [new(foreground: Color.Grey), new(foreground: Color.Silver)];

    /// <param name="tokenizer">Decodes the tokens.</param>
    /// <param name="row">The tokens; for an encoder–decoder, the source precedes them.</param>
    /// <param name="most">The most tokens to show; a note says how many more there are.</param>
    /// <param name="inColour">Whether to use colours.</param>
    public static IReadOnlyList<Segment> Render(Tokenizer tokenizer, TokenRow row, int most, bool inColour)
    {
        int[] tokens = [.. row.Source ?? [], .. row.Tokens];
        bool[] inLoss = [.. (row.Source ?? []).Select(_ => false), .. row.LossMask];
        var segments = new List<Segment>();
        var shown = Math.Min(most, tokens.Length);
        foreach (var (at, text) in Texts(tokenizer, tokens[..shown]).Index())
        {
            var end = at == shown - 1 && inLoss[at] ? "]" : "";
            segments.Add(inColour ? new(text, (inLoss[at] ? InLoss : Others)[at % 2]) : new(Border(inLoss, at) + text + end));
        }
        if (tokens.Length > most)
            segments.Add(new($" … ({tokens.Length - most:N0} more tokens, {inLoss.Skip(most).Count(bit => bit):N0} of them in the loss)"));
        return segments;
    }

    /// <summary>The separator before a token.</summary>
    static string Border(bool[] inLoss, int at)
    {
        var isPreviousInLoss = at > 0 && inLoss[at - 1];
        return isPreviousInLoss == inLoss[at] ? at > 0 ? "|" : "" : inLoss[at] ? "[" : "]";
    }

    /// <summary>The text of each token; … for a token that is a part of a character.</summary>
    static IReadOnlyList<string> Texts(Tokenizer tokenizer, int[] tokens)
    {
        try
        {
            var stream = tokenizer.NewDecodeStream();
            return [.. tokens.Select(token => stream.Step(token) is { } text ? Shown(text) : "…")];
        }
        catch (InvalidDataException)                               // a decoder that only decodes whole texts
        {
            return [.. tokens.Select(token => Shown(tokenizer.IdToToken(token) ?? "�"))];
        }
    }

    static string Shown(string text) => VisibleText.Escape(text).Replace("\n", "⏎\n", StringComparison.Ordinal);
}
