namespace Attune.Text;

/// <summary>Matches single code points that have a property.</summary>
sealed class CodePointPattern(Func<int, bool> matches) : IPattern
{
    public void Divide(ReadOnlySpan<char> text, List<Stretch> output)
    {
        var (done, at) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            var end = at + rune.Utf16SequenceLength;
            if (matches(rune.Value))
            {
                if (at > done)
                    output.Add(new(done, at, false));
                output.Add(new(at, end, true));
                done = end;
            }
            at = end;
        }
        if (at > done)
            output.Add(new(done, at, false));
    }
}
