using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Reporting.Files;

/// <summary>A file that grows by one JSON object a line, each with the step it belongs to.</summary>
public sealed class JsonLinesLog : IDisposable
{
    static readonly JsonSerializerOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Bytes that hold the last steps and the last look at held-out data of any run.</summary>
    const int End = 1 << 16;

    readonly FileStream stream;

    /// <summary>Opens the file to go on after <paramref name="step"/>: later lines, and one that was cut off, are dropped.</summary>
    public JsonLinesLog(string path, int step)
    {
        var kept = File.Exists(path) ? LengthUpTo(path, step) : 0;
        stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        stream.SetLength(kept);
        stream.Seek(0, SeekOrigin.End);
    }

    public void Write(JsonObject line)
    {
        stream.Write(Encoding.UTF8.GetBytes(line.ToJsonString(Options) + "\n"));
        stream.Flush();
    }

    public void Dispose() => stream.Dispose();

    /// <summary>The objects of a log that are whole.</summary>
    public static IEnumerable<JsonObject> Read(string path) =>
        File.Exists(path) ? File.ReadLines(path).Select(Parse).OfType<JsonObject>() : [];

    /// <summary>Those that are whole in the last part of a log.</summary>
    public static IEnumerable<JsonObject> ReadEnd(string path)
    {
        if (!File.Exists(path))
            return [];
        using var file = File.OpenRead(path);
        file.Seek(-Math.Min(file.Length, End), SeekOrigin.End);
        using var reader = new StreamReader(file);
        return [.. reader.ReadToEnd().Split('\n').Select(Parse).OfType<JsonObject>()];
    }

    static long LengthUpTo(string path, int step)
    {
        var bytes = File.ReadAllBytes(path);
        for (var start = 0; start < bytes.Length;)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', start);
            if (end < 0)
                return start;                                    // cut off
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
