using System.IO.Compression;
using System.Text.Json;

namespace Attune.Data.Sources;

/// <summary>One JSON object per line, UTF-8, plain or gzipped. Empty lines are skipped.</summary>
static class JsonLinesSource
{
    public static IEnumerable<Row> Read(string path)
    {
        using var file = File.OpenRead(path);
        using Stream bytes = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress)
            : file;
        using var reader = Utf8Text.Open(bytes);
        for (var line = 1; Utf8Text.Read(path, line, () => ReadLine(reader, path, line)) is { } text; line++)
            if (!string.IsNullOrWhiteSpace(text))
                yield return Parse(new(path, line), text);
    }

    static string? ReadLine(StreamReader reader, string path, int line)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{path}, after line {line - 1}: the gzip data is damaged or cut off ({error.Message})", error);
        }
    }

    static Row Parse(Origin origin, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new(origin, document.RootElement.Clone())
                : throw new InvalidDataException($"{origin}: each line must be a JSON object (was {document.RootElement.ValueKind})");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{origin}: this is not valid JSON, or it is cut off ({error.Message})", error);
        }
    }
}
