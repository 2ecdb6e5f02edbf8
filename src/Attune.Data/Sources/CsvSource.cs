using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Data.Sources;

/// <summary>
/// Comma-separated values with a header line, UTF-8. Cells may be quoted, and then hold commas, line ends and doubled quotes
/// (RFC 4180). A list is written as JSON in its cell.
/// </summary>
static class CsvSource
{
    public static IEnumerable<Row> Read(string path)
    {
        using var reader = Utf8Text.Open(File.OpenRead(path));
        var lines = new LineCounter();
        var header = Utf8Text.Read(path, 1, () => ReadRecord(reader, path, lines)) ?? throw new InvalidDataException($"{path} is empty; a header line with field names was expected");
        while (true)
        {
            var line = lines.Next;
            if (Utf8Text.Read(path, line, () => ReadRecord(reader, path, lines)) is not { } cells)
                yield break;
            if (cells is [""])
                continue;
            if (cells.Count != header.Count)
                throw new InvalidDataException($"{path}, line {line}: expected {header.Count} cells as in the header, found {cells.Count}");
            yield return new(new(path, line), ToObject(header, cells));
        }
    }

    static JsonElement ToObject(List<string> header, List<string> cells)
    {
        var json = new JsonObject();
        for (var i = 0; i < header.Count; i++)
            json[header[i].Trim()] = cells[i];
        return JsonSerializer.SerializeToElement(json);
    }

    /// <summary>The cells of the next record, or null at the end of the file.</summary>
    static List<string>? ReadRecord(StreamReader reader, string path, LineCounter lines)
    {
        if (reader.Peek() < 0)
            return null;
        var start = lines.Next;
        var cells = new List<string>();
        var cell = new StringBuilder();
        var quoted = false;
        while (true)
        {
            var c = reader.Read();
            if (c < 0 && quoted)
                throw new InvalidDataException($"{path}, line {start}: a quoted cell is never closed; the file may be cut off");
            if (c == '"' && quoted && reader.Peek() == '"')
                cell.Append((char)reader.Read());
            else if (c == '"' && (quoted || cell.Length == 0))
                quoted = !quoted;
            else if (c == ',' && !quoted)
                Finish(cells, cell);
            else if (c is '\n' or < 0 && !quoted)
                return End(cells, cell, lines);
            else
                Append(cell, (char)c, lines);
        }
    }

    static void Append(StringBuilder cell, char c, LineCounter lines)
    {
        cell.Append(c);
        if (c == '\n')
            lines.Next++;
    }

    static void Finish(List<string> cells, StringBuilder cell)
    {
        cells.Add(cell.ToString());
        cell.Clear();
    }

    static List<string> End(List<string> cells, StringBuilder cell, LineCounter lines)
    {
        if (cell.Length > 0 && cell[^1] == '\r')
            cell.Length--;
        Finish(cells, cell);
        lines.Next++;
        return cells;
    }

    sealed class LineCounter
    {
        public int Next { get; set; } = 1;
    }
}
