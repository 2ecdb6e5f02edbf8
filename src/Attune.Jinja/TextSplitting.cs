namespace Attune.Jinja;

/// <summary>str.split and similar methods.</summary>
static class TextSplitting
{
    public static List<object?> Split(Rendering run, string text, string? separator, int most)
    {
        run.SpendText(text.Length);
        if (separator is null)
            return AtSpace(run, text, most);
        RequireSeparator(separator);
        var parts = new List<object?>();
        var start = 0;
        while (most < 0 || parts.Count < most)
        {
            var end = text.IndexOf(separator, start, StringComparison.Ordinal);
            if (end < 0)
                break;
            Add(run, parts, text[start..end]);
            start = end + separator.Length;
        }
        Add(run, parts, text[start..]);
        return parts;
    }

    static List<object?> AtSpace(Rendering run, string text, int most)
    {
        var parts = new List<object?>();
        for (var start = SkipSpace(text, 0); start < text.Length;)
        {
            var end = start;
            while (end < text.Length && !PythonText.IsSpace(text[end]))
                end++;
            if (most >= 0 && parts.Count == most)
            {
                Add(run, parts, text[start..]);
                break;
            }
            Add(run, parts, text[start..end]);
            start = SkipSpace(text, end);
        }
        return parts;
    }

    static int SkipSpace(string text, int i)
    {
        while (i < text.Length && PythonText.IsSpace(text[i]))
            i++;
        return i;
    }

    public static List<object?> SplitFromEnd(Rendering run, string text, string? separator, int most)
    {
        if (most < 0)
            return Split(run, text, separator, most);
        run.SpendText(text.Length);
        if (separator is null)
            return AtSpaceFromEnd(run, text, most);
        RequireSeparator(separator);
        var parts = new List<object?>();
        var end = text.Length;
        while (parts.Count < most && end >= separator.Length)
        {
            var start = text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal);
            if (start < 0)
                break;
            Add(run, parts, text[(start + separator.Length)..end]);
            end = start;
        }
        Add(run, parts, text[..end]);
        parts.Reverse();
        return parts;
    }

    static List<object?> AtSpaceFromEnd(Rendering run, string text, int most)
    {
        var parts = new List<object?>();
        var end = PythonText.TrimEnd(text).Length;
        while (end > 0)
        {
            var start = end;
            while (start > 0 && !PythonText.IsSpace(text[start - 1]))
                start--;
            if (parts.Count == most)
            {
                Add(run, parts, text[..end]);
                break;
            }
            Add(run, parts, text[start..end]);
            end = PythonText.TrimEnd(text[..start]).Length;
        }
        parts.Reverse();
        return parts;
    }

    public static TupleValue Partition(Rendering run, string text, string separator)
    {
        RequireSeparator(separator);
        run.SpendText(text.Length);
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? new([text, "", ""]) : new([text[..at], separator, text[(at + separator.Length)..]]);
    }

    public static TupleValue PartitionFromEnd(Rendering run, string text, string separator)
    {
        RequireSeparator(separator);
        run.SpendText(text.Length);
        var at = text.LastIndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? new(["", "", text]) : new([text[..at], separator, text[(at + separator.Length)..]]);
    }

    static void RequireSeparator(string separator)
    {
        if (separator.Length == 0)
            throw TemplateError.Create("empty separator");
    }

    static void Add(Rendering run, List<object?> parts, string part)
    {
        run.Spend(1);
        run.SpendText(part.Length);
        parts.Add(part);
    }
}
