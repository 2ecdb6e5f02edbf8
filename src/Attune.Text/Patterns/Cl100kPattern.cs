namespace Attune.Text;

/// <summary>
/// The patterns of Llama 3, which splits digits in groups of up to three like cl100k, and of Qwen 2, which splits single digits.
/// </summary>
sealed class Cl100kPattern(int digits) : WordPattern
{
    public const string Llama3Source = Before + @"\p{N}{1,3}" + After;
    public const string Qwen2Source = Before + @"\p{N}" + After;
    const string Before = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    const string After = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    protected override int MatchEnd(ReadOnlySpan<char> text, int start)
    {
        if (Contraction(text, start, ignoreCase: true) is > 0 and var length)
            return start + length;
        var kind = CodePoints.KindAt(text, start, out var units);
        if (kind == CodePointKinds.Letter)
            return Run(text, start, CodePointKinds.Letter);
        if (kind == CodePointKinds.Number)
            return Run(text, start, CodePointKinds.Number, digits);
        var next = start + units;
        if (text[start] is not ('\r' or '\n') && Run(text, next, CodePointKinds.Letter) is var wordEnd && wordEnd > next)
            return wordEnd;
        return kind == CodePointKinds.Space ? AfterSpace(text, start) : AfterSymbols(text, start);
    }

    /// <summary><c> ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c> where white space begins.</summary>
    static int AfterSpace(ReadOnlySpan<char> text, int start)
    {
        if (text[start] == ' ' && start + 1 < text.Length && CodePoints.KindAt(text, start + 1, out _) == CodePointKinds.Other)
            return AfterSymbols(text, start + 1);
        var end = Run(text, start, CodePointKinds.Space);
        var lastBreak = text[start..end].LastIndexOfAny('\r', '\n');
        return lastBreak >= 0 ? start + lastBreak + 1 : SpaceEnd(text, start, end);
    }

    static int AfterSymbols(ReadOnlySpan<char> text, int start)
    {
        var end = Run(text, start, CodePointKinds.Other);
        while (end < text.Length && text[end] is '\r' or '\n')
            end++;
        return end;
    }
}
