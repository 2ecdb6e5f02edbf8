using System.Text.Json;
using Attune.Input;

namespace Attune.Data.Sources;

/// <summary>
/// JSON objects: one in each line (JSON Lines), a list of them, or one after another over several lines. What the file begins with decides,
/// not its name. Empty lines are skipped.
/// </summary>
static class JsonSource
{
    /// <summary>The most fields of a row.</summary>
    public const int MostFields = 1000;

    public static IEnumerable<PendingRow> Read(SourceFile file)
    {
        using var reader = file.OpenText();
        var text = new RecordText(file, reader);
        text.SkipSpace();
        if (text.Peek() == '[')
            return ReadList(file);
        if (text.Peek() == '{')
            TakeObject(text);
        return text.Finish().Contains('\n', StringComparison.Ordinal) ? ReadObjects(file) : ReadLines(file);
    }

    static IEnumerable<PendingRow> ReadLines(SourceFile file)
    {
        using var reader = file.OpenText();
        var text = new RecordText(file, reader);
        for (text.SkipSpace(); text.Peek() >= 0; text.SkipSpace())
        {
            var line = text.Line;
            text.TakeLine();
            yield return Pending(file, line, text.Finish());
        }
    }

    static IEnumerable<PendingRow> ReadObjects(SourceFile file)
    {
        using var reader = file.OpenText();
        var text = new RecordText(file, reader);
        for (text.SkipSpace(); text.Peek() >= 0; text.SkipSpace())
            yield return ReadObject(file, text);
    }

    static IEnumerable<PendingRow> ReadList(SourceFile file)
    {
        using var reader = file.OpenText();
        var text = new RecordText(file, reader);
        text.SkipSpace();
        text.Skip();
        for (text.SkipSpace(); text.Peek() != ']'; text.SkipSpace())
        {
            yield return ReadObject(file, text);
            text.SkipSpace();
            if (text.Peek() == ']')
                break;
            if (text.Peek() != ',')
                throw Expected(file, text, "`,` or `]` after an object of the list");
            text.Skip();
            text.SkipSpace();
            if (text.Peek() == ']')
                throw Invalid(file, text, "there is a comma before `]`; remove the comma");
        }
        text.Skip();
        text.SkipSpace();
        if (text.Peek() >= 0)
            throw Expected(file, text, "the end of the file after the list");
    }

    static PendingRow ReadObject(SourceFile file, RecordText text)
    {
        if (text.Peek() != '{')
            throw Expected(file, text, "an object");
        var line = text.Line;
        TakeObject(text);
        return Pending(file, line, text.Finish());
    }

    /// <summary>
    /// Takes characters until every brace is closed, or to a line end in quotation marks, which parsing then reports as an error.
    /// </summary>
    static void TakeObject(RecordText text)
    {
        var (depth, quoted) = (0, false);
        do
        {
            var c = text.Take();
            if (quoted && c == '\\' && text.Peek() is not (-1 or '\n'))
                text.Take();
            else if (c == '"')
                quoted = !quoted;
            else if (!quoted && c is '{' or '[')
                depth++;
            else if (!quoted && c is '}' or ']')
                depth--;
            else if (quoted && c == '\n')
                return;
        }
        while (depth > 0 && text.Peek() >= 0);
    }

    static PendingRow Pending(SourceFile file, int line, string text) => new(text.Length, () => Parse(file, line, text));

    static Row Parse(SourceFile file, int line, string text)
    {
        var fields = JsonInput.Parse(text, file.Path, line);
        if (fields.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{file.At(line)}: each line must be a JSON object (was {JsonInput.Name(fields.ValueKind)})");
        return fields.GetPropertyCount() <= MostFields ? new(file.At(line), fields) : throw new InvalidDataException(
            $"{file.At(line)}: a row may have at most {MostFields:N0} fields (has {fields.GetPropertyCount():N0})");
    }

    static InvalidDataException Expected(SourceFile file, RecordText text, string expected) => Invalid(file, text,
        $"expected {expected}, found {(text.Peek() is >= 0 and var c ? $"`{(char)c}`" : "the end of the file; it may be cut off")}");

    static InvalidDataException Invalid(SourceFile file, RecordText text, string problem) =>
        new($"{file.At(text.Line)}: this is not valid JSON: {problem}");
}
