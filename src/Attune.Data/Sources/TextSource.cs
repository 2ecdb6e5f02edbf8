using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Data.Sources;

/// <summary>
/// A plain text file: one document, or several separated by lines <c>&lt;|endoftext|&gt;</c>.
/// </summary>
static class TextSource
{
    const string Separator = "<|endoftext|>";

    /// <summary>The most characters of a document: as many as a JSON text can have.</summary>
    const int MostCharacters = 128 << 20;

    public static IEnumerable<Row> Read(SourceFile file)
    {
        using var reader = file.OpenText(mayBeWebPage: true);
        var (text, document, start) = (new RecordText(file, reader, MostCharacters), new StringBuilder(), file.At(1));
        while (text.Peek() >= 0)
        {
            text.TakeLine();
            var line = text.Finish();
            if (text.Peek() >= 0)
                text.Skip();
            if (line.Trim() != Separator)
            {
                Append(start, document, line);
                continue;
            }
            if (ToRow(start, document) is { } row)
                yield return row;
            start = file.At(text.Line);
        }
        if (ToRow(start, document) is { } last)
            yield return last;
    }

    static void Append(Origin start, StringBuilder document, string line)
    {
        if (document.Length + line.Length > MostCharacters)
            throw new InvalidDataException(
                $"{start}: a document may have at most {MostCharacters:N0} characters; separate documents by lines {Separator}");
        document.Append(line).Append('\n');
    }

    static Row? ToRow(Origin start, StringBuilder document)
    {
        var text = document.ToString().Trim();
        document.Clear();
        return text.Length == 0 ? null : new(start, JsonSerializer.SerializeToElement(new JsonObject { ["text"] = text }));
    }
}
