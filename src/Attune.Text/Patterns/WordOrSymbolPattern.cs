namespace Attune.Text;

/// <summary><c>\w+|[^\w\s]+</c>, with UTS #18's <c>\w</c>.</summary>
sealed class WordOrSymbolPattern : IPattern
{
    enum Kind
    {
        Space,
        Word,
        Symbol,
    }

    public void Divide(ReadOnlySpan<char> text, List<Stretch> output)
    {
        var (start, at, previous) = (0, 0, Kind.Space);
        foreach (var rune in text.EnumerateRunes())
        {
            var kind = CodePoints.IsWord(rune.Value) ? Kind.Word : CodePoints.IsSpace(rune.Value) ? Kind.Space : Kind.Symbol;
            if (kind != previous && at > start)
            {
                output.Add(new(start, at, previous != Kind.Space));
                start = at;
            }
            previous = kind;
            at += rune.Utf16SequenceLength;
        }
        if (at > start)
            output.Add(new(start, at, previous != Kind.Space));
    }
}
