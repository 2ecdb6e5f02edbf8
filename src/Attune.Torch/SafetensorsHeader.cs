using System.Buffers.Binary;
using System.Text.Json;

namespace Attune.Torch;

/// <summary>One tensor of a safetensors file; <paramref name="Start"/> and <paramref name="End"/> count bytes from the end of the header.</summary>
public sealed record SafetensorsEntry(DType DType, long[] Shape, long Start, long End);

/// <summary>The header of a safetensors file. It is untrusted input: every number is checked against the file before it is used.</summary>
public sealed class SafetensorsHeader
{
    const int MaximumLength = 100_000_000;   // bytes, the format's own limit

    static readonly (string Name, DType DType)[] Types =
    [
        ("F64", DType.Float64), ("F32", DType.Float32), ("F16", DType.Float16), ("BF16", DType.BFloat16), ("I64", DType.Int64),
        ("I32", DType.Int32), ("I16", DType.Int16), ("I8", DType.Int8), ("U8", DType.UInt8), ("BOOL", DType.Bool),
    ];

    readonly Dictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);

    SafetensorsHeader(long dataStart) => DataStart = dataStart;

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => entries;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>Where the bytes of the tensors begin in the file.</summary>
    public long DataStart { get; }

    /// <exception cref="InvalidDataException">The header is damaged, or disagrees with the size of the file.</exception>
    public static SafetensorsHeader Read(string path)
    {
        using var stream = File.OpenRead(path);
        var length = ReadLength(stream, path);
        var json = new byte[length];
        stream.ReadExactly(json);
        var header = new SafetensorsHeader(8 + length);
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            header.Fill(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw Damaged(path, $"its header is not what the format asks for ({error.Message})");
        }
        header.CheckOffsets(path, stream.Length - header.DataStart);
        return header;
    }

    /// <summary>The length and the JSON, padded with spaces so that the data begins at a multiple of 8 bytes.</summary>
    internal static byte[] Encode(IReadOnlyList<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var json = new MemoryStream();
        json.Write(new byte[8]);
        using (var writer = new Utf8JsonWriter(json))
            WriteJson(writer, tensors, metadata);
        while (json.Length % 8 != 0)
            json.WriteByte((byte)' ');
        var bytes = json.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - 8);
        return bytes;
    }

    static void WriteJson(Utf8JsonWriter writer, IReadOnlyList<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        writer.WriteStartObject();
        if (metadata is { Count: > 0 })
        {
            writer.WriteStartObject("__metadata__");
            foreach (var (key, value) in metadata)
                writer.WriteString(key, value);
            writer.WriteEndObject();
        }
        long start = 0;
        foreach (var (name, value) in tensors)
        {
            var end = start + value.ElementCount * value.DType.Size();
            writer.WriteStartObject(name);
            writer.WriteString("dtype", Types.First(type => type.DType == value.DType).Name);
            WriteNumbers(writer, "shape", value.ShapeArray);
            WriteNumbers(writer, "data_offsets", [start, end]);
            writer.WriteEndObject();
            start = end;
        }
        writer.WriteEndObject();
    }

    static void WriteNumbers(Utf8JsonWriter writer, string name, long[] numbers)
    {
        writer.WriteStartArray(name);
        foreach (var number in numbers)
            writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }

    static int ReadLength(FileStream stream, string path)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (stream.ReadAtLeast(bytes, 8, throwOnEndOfStream: false) < 8)
            throw Damaged(path, $"it has {stream.Length} bytes, fewer than the 8 of the header's length");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (length > (ulong)(stream.Length - 8) || length > MaximumLength)
            throw Damaged(path, $"its header claims {length} bytes, but the file has {stream.Length}");
        return (int)length;
    }

    void Fill(JsonElement root)
    {
        foreach (var property in root.EnumerateObject())
            if (property.Name == "__metadata__")
                FillMetadata(property.Value);
            else if (!entries.TryAdd(property.Name, ReadEntry(property)))
                throw new FormatException($"the name '{property.Name}' occurs twice");
    }

    void FillMetadata(JsonElement element)
    {
        foreach (var property in element.EnumerateObject())
            metadata[property.Name] = property.Value.GetString() ?? "";
    }

    static SafetensorsEntry ReadEntry(JsonProperty property)
    {
        var type = property.Value.GetProperty("dtype").GetString();
        var known = Types.FirstOrDefault(row => row.Name == type);
        if (known.Name is null)
            throw new FormatException($"'{property.Name}' has elements of type {type}; known are {string.Join(", ", Types.Select(row => row.Name))}");
        var shape = Numbers(property.Value.GetProperty("shape"));
        var offsets = Numbers(property.Value.GetProperty("data_offsets"));
        if (offsets.Length != 2 || shape.Length > 16)
            throw new FormatException($"'{property.Name}' has {offsets.Length} offsets and {shape.Length} dimensions");
        var bytes = shape.Aggregate((long)known.DType.Size(), (product, length) => checked(product * length));
        if (offsets[1] < offsets[0] || offsets[1] - offsets[0] != bytes)
            throw new FormatException($"'{property.Name}' needs {bytes} bytes for its shape, its offsets span {offsets[1]} - {offsets[0]}");
        return new(known.DType, shape, offsets[0], offsets[1]);
    }

    static long[] Numbers(JsonElement array)
    {
        var numbers = array.EnumerateArray().Select(number => number.GetInt64()).ToArray();
        return Array.TrueForAll(numbers, number => number >= 0) ? numbers : throw new FormatException("a negative length or offset");
    }

    /// <summary>Tensors lie one behind the other, without holes or overlaps, and fill the file.</summary>
    void CheckOffsets(string path, long available)
    {
        long expected = 0;
        foreach (var (name, entry) in entries.OrderBy(pair => pair.Value.Start).ThenBy(pair => pair.Value.End))
        {
            if (entry.Start != expected)
                throw Damaged(path, $"'{name}' begins at byte {entry.Start} of the data, {expected} was expected");
            expected = entry.End;
        }
        if (expected != available)
            throw Damaged(path, $"its tensors take {expected} bytes, the file holds {available}; it was cut off or overwritten");
    }

    static InvalidDataException Damaged(string path, string why) =>
        new($"{path} is not a whole safetensors file: {why}. Download or save it again.");
}
