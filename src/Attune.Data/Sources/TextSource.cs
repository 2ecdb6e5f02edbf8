using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Data.Sources;

/// <summary>
/// A plain text file, UTF-8: one document, or several separated by lines <c>&lt;|endoftext|&gt;</c>.
/// </summary>
static class TextSource
{
    const string Separator = "<|endoftext|>";

    public static IEnumerable<Row> Read(string path)
    {
        var document = new StringBuilder();
        var (line, start) = (0, 1);
        using var reader = Utf8Text.Open(File.OpenRead(path));
        while (Utf8Text.Read(path, line + 1, reader.ReadLine) is { } text)
        {
            line++;
            if (text.Trim() != Separator)
            {
                document.Append(text).Append('\n');
                continue;
            }
            if (ToRow(path, start, document) is { } row)
                yield return row;
            start = line + 1;
        }
        if (ToRow(path, start, document) is { } last)
            yield return last;
    }

    static Row? ToRow(string path, int line, StringBuilder document)
    {
        var text = document.ToString().Trim();
        document.Clear();
        return text.Length == 0 ? null : new(new(path, line), JsonSerializer.SerializeToElement(new JsonObject { ["text"] = text }));
    }
}
