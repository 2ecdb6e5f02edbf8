namespace Attune.Jinja;

/// <summary>The filter wordwrap: breaks each line at white space (and after hyphens) to a maximum length.</summary>
static class WordWrap
{
    public static string Apply(Rendering run, string text, int width, bool breakLong, string lineEnd, bool onHyphens)
    {
        if (width <= 0)
            throw TemplateError.Create($"invalid width {width} (must be > 0)");
        var lines = PythonText.Lines(run.Made(text)).Select(line => string.Join(lineEnd, Wrap(run, line, width, breakLong, onHyphens)));
        return run.Made(string.Join(lineEnd, lines));
    }

    static List<string> Wrap(Rendering run, string line, int width, bool breakLong, bool onHyphens)
    {
        var lines = new List<string>();
        var chunks = new Stack<string>(Chunks(line, onHyphens).Reverse());
        while (chunks.Count > 0)
        {
            run.SpendText(16 + chunks.Peek().Length * 3);          // a word is measured, split, and its rest copied
            if (lines.Count > 0 && IsBlank(chunks.Peek()))
                chunks.Pop();
            var (current, length) = (new List<string>(), 0);
            while (chunks.Count > 0 && length + PythonText.Length(chunks.Peek()) <= width)
            {
                length += PythonText.Length(chunks.Peek());
                current.Add(chunks.Pop());
            }
            if (chunks.Count > 0 && PythonText.Length(chunks.Peek()) > width)
                TakePart(chunks, current, width - length, breakLong, onHyphens);
            if (current.Count > 0 && IsBlank(current[^1]))
                current.RemoveAt(current.Count - 1);
            if (current.Count > 0)
                lines.Add(string.Concat(current));
        }
        return lines;
    }

    /// <summary>Splits a word that is longer than a line.</summary>
    static void TakePart(Stack<string> chunks, List<string> current, int room, bool breakLong, bool onHyphens)
    {
        if (!breakLong)
        {
            if (current.Count == 0)
                current.Add(chunks.Pop());
            return;
        }
        var word = chunks.Pop();
        var end = PythonText.UnitOf(word, Math.Max(room, 1));
        var hyphen = onHyphens ? word.LastIndexOf('-', Math.Max(end - 1, 0)) : -1;
        if (hyphen > 0 && word.AsSpan(0, hyphen).ContainsAnyExcept('-'))
            end = hyphen + 1;
        current.Add(word[..end]);
        chunks.Push(word[end..]);
    }

    static bool IsBlank(string chunk) => chunk.AsSpan().Trim().Length == 0;

    /// <summary>Words and the white space between them; a hyphen between letters also ends a chunk.</summary>
    static IEnumerable<string> Chunks(string line, bool onHyphens)
    {
        var start = 0;
        for (var i = 1; i <= line.Length; i++)
        {
            var ends = i == line.Length || char.IsWhiteSpace(line[i]) != char.IsWhiteSpace(line[i - 1])
                || (onHyphens && i >= 2 && i + 1 < line.Length && line[i - 1] == '-' && char.IsLetter(line[i - 2])
                    && char.IsLetter(line[i]) && (char.IsLetter(line[i + 1]) || line[i + 1] == '-'));
            if (!ends)
                continue;
            yield return line[start..i];
            start = i;
        }
    }
}
