namespace Attune.Text;

/// <summary>Matches an exact text.</summary>
sealed class LiteralPattern(string literal) : IPattern
{
    public void Divide(ReadOnlySpan<char> text, List<Stretch> output)
    {
        var done = 0;
        while (literal.Length > 0 && text[done..].IndexOf(literal, StringComparison.Ordinal) is >= 0 and var skipped)
        {
            if (skipped > 0)
                output.Add(new(done, done + skipped, false));
            output.Add(new(done + skipped, done + skipped + literal.Length, true));
            done += skipped + literal.Length;
        }
        if (done < text.Length)
            output.Add(new(done, text.Length, false));
    }
}
