using System.Text.Json;
using System.Text.Json.Nodes;
using CsvHelper;

namespace Attune.Data.Sources;

/// <summary>
/// Comma-separated values (RFC 4180) with a header line: UTF-8, or UTF-16 with a byte order mark. Where the header line is separated by
/// semicolons, tabs or bars, so are the others. A list is written as JSON in its cell.
/// </summary>
static class CsvSource
{
    public static IEnumerable<Row> Read(string path)
    {
        using var reader = Open(path);
        string[] header = [.. reader.Headers.Select(name => name.Trim())];
        if (header.Length == 0)
            throw new InvalidDataException($"{path} is empty; a header line with field names was expected");
        if (header.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { Key: var twice })
            throw new InvalidDataException($"{path}, line 1: two columns are named '{twice}'");
        var line = 1;
        while (Utf8Text.Read(path, line + 1, reader.Read))
        {
            line = (int)reader.LineNumber;
            if (reader.FieldCount == 1 && reader.GetSpan(0).IsEmpty)
                continue;
            if (reader.FieldCount != header.Length)
                throw new InvalidDataException(
                    $"{path}, line {line}: expected {header.Length} cells as in the header, found {reader.FieldCount}");
            yield return new(new(path, line), ToObject(header, reader));
        }
    }

    /// <summary>In a file of one column, what looks like a separator is a part of its texts.</summary>
    static CsvReader Open(string path)
    {
        var reader = Open(path, separator: null);
        if (Utf8Text.Read(path, 1, () => reader.Headers.Count) != 1 || reader.Separator == ',')
            return reader;
        reader.Dispose();
        return Open(path, ',');
    }

    static CsvReader Open(string path, char? separator) => CsvReader.Create(Utf8Text.Open(File.OpenRead(path)), new CsvReaderOptions
    {
        Separator = separator,
        TrackLineNumbers = true,
        BufferSize = 4096,                                       // so that what is not UTF-8 is found near its line
        OnMalformedRecord = record =>
        {
            if (record.Reason == CsvMalformedReason.UnterminatedQuote)
                throw new InvalidDataException($"{path}, line {record.LineNumber}: a quoted cell is never closed; the file may be cut off");
        },
    });

    static JsonElement ToObject(string[] header, CsvReader cells)
    {
        var json = new JsonObject();
        for (var i = 0; i < header.Length; i++)
            json[header[i]] = cells.GetString(i);
        return JsonSerializer.SerializeToElement(json);
    }
}
