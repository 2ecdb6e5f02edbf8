using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Input;

namespace Attune.Reporting.Files;

/// <summary>A log of JSON objects, one in each line, each with its step.</summary>
public sealed class JsonLinesLog : IDisposable
{
    static readonly JsonSerializerOptions Options =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>How many bytes at the end are enough for the last steps and the last evaluation of any run.</summary>
    const int End = 1 << 16;

    readonly FileStream stream;

    /// <summary>
    /// Opens the file to append after <paramref name="step"/>: lines of later steps, and an incomplete last line, are dropped.
    /// </summary>
    public JsonLinesLog(string path, int step)
    {
        var length = File.Exists(path) ? LengthUpTo(path, step) : 0;
        stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        stream.SetLength(length);
        stream.Seek(0, SeekOrigin.End);
    }

    public void Write(JsonObject line)
    {
        stream.Write(Encoding.UTF8.GetBytes(line.ToJsonString(Options) + "\n"));
        stream.Flush();
    }

    public void Dispose() => stream.Dispose();

    /// <summary>The complete objects of a log.</summary>
    public static IEnumerable<JsonObject> Read(string path) =>
        File.Exists(path) ? InputFile.ReadLines(path, most: long.MaxValue).Select(Parse).OfType<JsonObject>() : [];

    /// <summary>The complete objects at the end of a log.</summary>
    public static IEnumerable<JsonObject> ReadEnd(string path)
    {
        if (!File.Exists(path))
            return [];
        using var file = InputFile.Open(path);
        file.Seek(-Math.Min(file.Length, End), SeekOrigin.End);
        using var reader = new StreamReader(file);
        return [.. reader.ReadToEnd().Split('\n').Select(Parse).OfType<JsonObject>()];
    }

    static long LengthUpTo(string path, int step)
    {
        var bytes = InputFile.ReadBytes(path, most: int.MaxValue);
        for (var start = 0; start < bytes.Length;)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', start);
            if (end < 0)
                return start;                                    // an incomplete line
            var line = Parse(Encoding.UTF8.GetString(bytes, start, end - start));
            if (line?["step"] is JsonValue value && value.TryGetValue(out int found) && found > step)
                return start;
            start = end + 1;
        }
        return bytes.Length;
    }

    static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
