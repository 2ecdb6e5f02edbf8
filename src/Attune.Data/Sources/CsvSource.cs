using System.Text.Json;
using System.Text.Json.Nodes;
using CsvHelper;

namespace Attune.Data.Sources;

/// <summary>
/// A table (RFC 4180) with a header line. Commas, semicolons, tabs or bars separate its cells, as the first lines or a line <c>sep=;</c>
/// show; lines end in any way. A list is JSON in its cell.
/// </summary>
static class CsvSource
{
    /// <summary>The most columns.</summary>
    public const int MostColumns = JsonSource.MostFields;

    public static IEnumerable<Row> Read(SourceFile file)
    {
        using var reader = Open(file);
        string[] header = [.. reader.Headers.Select(name => name.Trim())];
        Check(file, header);
        var line = 1;
        while (Decode(file, line + 1, reader.Read))
        {
            line = (int)reader.LineNumber;
            if (reader.FieldCount == 1 && reader.GetSpan(0).IsEmpty)
                continue;
            if (reader.FieldCount != header.Length)
                throw new InvalidDataException(
                    $"{file.At(line)}: a row must have {header.Length} cells like the header (was {reader.FieldCount})");
            yield return new(file.At(line), ToObject(header, reader));
        }
    }

    static void Check(SourceFile file, string[] header)
    {
        if (header.Length == 0)
            throw new InvalidDataException($"{file.Path} is empty; its first line must be a header with field names");
        if (header.Length > MostColumns)
            throw new InvalidDataException($"{file.At(1)}: a table may have at most {MostColumns:N0} columns (has {header.Length:N0})");
        if (header.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { Key: var twice })
            throw new InvalidDataException($"{file.At(1)}: two columns are named '{twice}'; rename or remove one");
    }

    /// <summary>In a file with one column, separator characters are part of its texts.</summary>
    static CsvReader Open(SourceFile file)
    {
        var reader = Open(file, Dataset.EndingOf(file.Path) == ".tsv" ? '\t' : null);
        if (Decode(file, 1, () => reader.Headers.Count) != 1 || reader.Separator is ',' or '\t')
            return reader;
        reader.Dispose();
        return Open(file, ',');
    }

    static CsvReader Open(SourceFile file, char? separator) => CsvReader.Create(file.OpenText(), new CsvReaderOptions
    {
        Separator = separator,
        TrackLineNumbers = true,
        BufferSize = 4096,                                       // small, so that an error about UTF-8 names a nearby line
        MaxRecordSize = RecordText.MostCharacters,
        OnMalformedRecord = record =>
        {
            if (record.Reason == CsvMalformedReason.UnterminatedQuote)
                throw new InvalidDataException(
                    $"{file.At((int)record.LineNumber)}: a quoted cell is never closed; the file may be cut off");
        },
    });

    static T Decode<T>(SourceFile file, int line, Func<T> read)
    {
        try
        {
            return file.Decode(line, read);
        }
        catch (CsvFormatException error)
        {
            throw new InvalidDataException($"{file.At(line)}: a row may have at most {RecordText.MostCharacters >> 20} MiB; "
                + "perhaps a quotation mark is never closed", error);
        }
    }

    static JsonElement ToObject(string[] header, CsvReader cells)
    {
        var json = new JsonObject();
        for (var i = 0; i < header.Length; i++)
            json[header[i]] = cells.GetString(i);
        return JsonSerializer.SerializeToElement(json);
    }
}
