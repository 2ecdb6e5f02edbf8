namespace Attune.Text;

/// <summary>A pattern whose matches cover all of a text, written by hand because every encoded character passes through it.</summary>
abstract class WordPattern : IPattern
{
    public void Divide(ReadOnlySpan<char> text, List<Stretch> output)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = MatchEnd(text, start);
            output.Add(new(start, end, true));
            start = end;
        }
    }

    /// <summary>The end of the match that starts at <paramref name="start"/>; always greater.</summary>
    protected abstract int MatchEnd(ReadOnlySpan<char> text, int start);

    /// <summary>The end of the run of code points of one kind that starts at <paramref name="at"/>, up to a number of them.</summary>
    protected static int Run(ReadOnlySpan<char> text, int at, CodePointKinds kind, int most = int.MaxValue)
    {
        for (; at < text.Length && most > 0 && CodePoints.KindAt(text, at, out var units) == kind; most--)
            at += units;
        return at;
    }

    /// <summary><c>\s+(?!\S)|\s+</c> for a run of white space: leaves the last character to the next word.</summary>
    protected static int SpaceEnd(ReadOnlySpan<char> text, int start, int runEnd) =>
        runEnd < text.Length && runEnd - start > 1 ? runEnd - 1 : runEnd;

    /// <summary><c>'s|'t|'re|'ve|'m|'ll|'d</c>: the length of the match, or 0.</summary>
    protected static int Contraction(ReadOnlySpan<char> text, int start, bool ignoreCase)
    {
        if (text[start] != '\'' || start + 1 >= text.Length)
            return 0;
        var first = Letter(text, start + 1, ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
            return 2;
        var second = start + 2 < text.Length ? Letter(text, start + 2, ignoreCase) : '\0';
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    static char Letter(ReadOnlySpan<char> text, int at, bool ignoreCase) => text[at] switch
    {
        >= 'A' and <= 'Z' and var upper when ignoreCase => (char)(upper | 0x20),
        'ſ' when ignoreCase => 's',                                // U+017F folds to s
        var letter => letter,
    };
}
