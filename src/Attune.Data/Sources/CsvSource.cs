using System.Text.Json;
using System.Text.Json.Nodes;
using CsvHelper;

namespace Attune.Data.Sources;

/// <summary>
/// Comma-separated values (RFC 4180) with a header line: UTF-8, or UTF-16 with a byte order mark. Semicolons, tabs or bars in the header
/// line are also accepted as the separator. A list is JSON in its cell.
/// </summary>
static class CsvSource
{
    public static IEnumerable<Row> Read(string path)
    {
        using var reader = Open(path);
        string[] header = [.. reader.Headers.Select(name => name.Trim())];
        if (header.Length == 0)
            throw new InvalidDataException($"{path} is empty; its first line must be a header with field names");
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
                    $"{path}, line {line}: a row must have {header.Length} cells like the header (was {reader.FieldCount})");
            yield return new(new(path, line), ToObject(header, reader));
        }
    }

    /// <summary>In a file with one column, separator characters are part of its texts.</summary>
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
        BufferSize = 4096,                                       // small, so that an error about UTF-8 names a nearby line
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
