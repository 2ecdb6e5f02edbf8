using System.Buffers.Binary;
using System.Text.Json;
using Attune.Input;

namespace Attune.Torch;

/// <summary>
/// One tensor of a safetensors file. <paramref name="Start"/> and <paramref name="End"/> are byte offsets from the end of the header.
/// </summary>
public sealed record SafetensorsEntry(DType DType, long[] Shape, long Start, long End);

/// <summary>A tensor to write to a safetensors file; <paramref name="Read"/> returns its value when it is written.</summary>
public sealed record SafetensorsSource(string Name, DType DType, long[] Shape, Func<Tensor> Read);

/// <summary>The header of a safetensors file. It is untrusted input: every number is checked before it is used.</summary>
public sealed class SafetensorsHeader
{
    const int MaximumLength = 100_000_000;   // bytes, the limit of the format
    const int LongestName = 1024;            // bytes
    const int MostDimensions = 16;

    static readonly (string Name, DType DType)[] Types =
    [
        ("F64", DType.Float64), ("F32", DType.Float32), ("F16", DType.Float16), ("BF16", DType.BFloat16), ("I64", DType.Int64),
        ("I32", DType.Int32), ("I16", DType.Int16), ("I8", DType.Int8), ("U8", DType.UInt8), ("BOOL", DType.Bool),
    ];

    /// <summary>The other types of safetensors 0.8.</summary>
    static readonly string[] Unsupported =
    [
        "F4", "F6_E2M3", "F6_E3M2", "F8_E4M3", "F8_E4M3FNUZ", "F8_E5M2", "F8_E5M2FNUZ", "F8_E8M0", "C64", "U16", "U32", "U64",
    ];

    readonly Dictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);

    SafetensorsHeader(long dataStart) => DataStart = dataStart;

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => entries;

    /// <summary>The metadata that the writer stored with the tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>The byte offset in the file at which the tensors start.</summary>
    public long DataStart { get; }

    /// <exception cref="InvalidDataException">The header is damaged, or does not match the size of the file.</exception>
    public static SafetensorsHeader Read(string path)
    {
        using var stream = InputFile.Open(path);
        return Read(stream, path);
    }

    internal static SafetensorsHeader Read(Stream stream, string path)
    {
        try
        {
            return ReadHeader(stream, path);
        }
        catch (InvalidDataException error) when (KindOf(stream) is { } kind)
        {
            throw new InvalidDataException($"{path} {kind}", error);
        }
    }

    /// <summary>The kind of a file that is not in this format, from its first bytes; null if it is unknown.</summary>
    static string? KindOf(Stream stream)
    {
        var start = new byte[FileSignature.Length];
        stream.Position = 0;
        return FileSignature.Problem(start.AsSpan(0, stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)));
    }

    static SafetensorsHeader ReadHeader(Stream stream, string path)
    {
        var length = ReadLength(stream, path);
        var json = new byte[length];
        stream.ReadExactly(json);
        var header = new SafetensorsHeader(8 + length);
        try
        {
            header.Fill(json);
        }
        catch (NotSupportedException error)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
        catch (FormatException error)
        {
            throw Damaged(path, $"its header is not valid ({error.Message})");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or OverflowException)
        {
            var problem = JsonInput.Problem(json) ?? "it has a number or a name that the format does not allow";
            throw Damaged(path, $"its header is not valid ({problem})");
        }
        header.CheckOffsets(path, stream.Length - header.DataStart);
        return header;
    }

    /// <summary>Writes the length and the JSON, padded with spaces so that the data starts at a multiple of 8 bytes.</summary>
    internal static byte[] Encode(IReadOnlyList<SafetensorsSource> tensors, IReadOnlyDictionary<string, string>? metadata)
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

    static void WriteJson(
        Utf8JsonWriter writer, IReadOnlyList<SafetensorsSource> tensors, IReadOnlyDictionary<string, string>? metadata)
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
        foreach (var tensor in tensors)
        {
            var end = start + tensor.Shape.Aggregate((long)tensor.DType.Size(), (product, length) => product * length);
            writer.WriteStartObject(tensor.Name);
            writer.WriteString("dtype", Types.First(type => type.DType == tensor.DType).Name);
            WriteNumbers(writer, "shape", tensor.Shape);
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

    static int ReadLength(Stream stream, string path)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (stream.ReadAtLeast(bytes, 8, throwOnEndOfStream: false) < 8)
            throw Damaged(path, $"it has {stream.Length} bytes; the header's length alone takes 8");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (length > (ulong)(stream.Length - 8) || length > MaximumLength)
            throw Damaged(path, $"its header claims {length} bytes, but the file has {stream.Length}");
        return (int)length;
    }

    /// <summary>Parses token by token, so that memory stays proportional to what the header really has.</summary>
    void Fill(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 3 });
        reader.Read();
        Expect(ref reader, JsonTokenType.StartObject);
        var hasMetadata = false;
        while (ReadName(ref reader, out var name))
        {
            if (name != "__metadata__")
                Add(entries, name, ReadEntry(ref reader, name));
            else if (hasMetadata)
                throw new FormatException("it has '__metadata__' twice");
            else
                FillMetadata(ref reader);
            hasMetadata |= name == "__metadata__";
        }
        reader.Read();                                             // only white space may follow
    }

    void FillMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        while (ReadName(ref reader, out var name))
        {
            Expect(ref reader, JsonTokenType.String);
            Add(metadata, name, reader.GetString()!);
        }
    }

    static void Add<T>(Dictionary<string, T> values, string name, T value)
    {
        if (!values.TryAdd(name, value))
            throw new FormatException($"the name '{name}' occurs twice");
    }

    /// <summary>The name of the next member, with the reader at the member's value; false at the end of the object.</summary>
    static bool ReadName(ref Utf8JsonReader reader, out string name)
    {
        name = "";
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
            return false;
        if (reader.ValueSpan.Length > LongestName)
            throw new FormatException($"a name has {reader.ValueSpan.Length} bytes; the maximum is {LongestName}");
        name = reader.GetString()!;
        reader.Read();
        return true;
    }

    static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (reader.TokenType != type)
            throw new FormatException($"expected {type} at byte {reader.TokenStartIndex} (was {reader.TokenType})");
    }

    static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        var (type, shape, offsets) = ((DType?)null, (long[]?)null, (long[]?)null);
        Expect(ref reader, JsonTokenType.StartObject);
        while (ReadName(ref reader, out var key))
        {
            if (key == "dtype" && type is null)
                type = ReadType(ref reader, name);
            else if (key == "shape" && shape is null)
                shape = ReadNumbers(ref reader, MostDimensions);
            else if (key == "data_offsets" && offsets is null)
                offsets = ReadNumbers(ref reader, most: 2);
            else
                throw new FormatException($"'{name}' has the key '{key}', which is unknown or occurs twice");
        }
        if (type is null || shape is null || offsets is not [var start, var end])
            throw new FormatException($"'{name}' must have dtype, shape and two data_offsets");
        var bytes = shape.Aggregate((long)type.Value.Size(), (product, length) => checked(product * length));
        if (end < start || end - start != bytes)
            throw new FormatException($"'{name}' needs {bytes} bytes for its shape, but its offsets span {end} - {start}");
        return new(type.Value, shape, start, end);
    }

    static DType ReadType(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.String);
        foreach (var (known, type) in Types)
            if (reader.ValueTextEquals(known))
                return type;
        var typeName = reader.ValueSpan.Length <= 16 ? reader.GetString() : "(a long name)";
        if (Unsupported.Contains(typeName))
            throw new NotSupportedException(
                $"'{name}' holds {Kind(typeName!)} elements ({typeName}), which are not supported; supported types are "
                + $"{string.Join(", ", Types.Select(row => row.Name))}. Use a checkpoint with float32, bfloat16 or float16 weights");
        throw new FormatException($"'{name}' has elements of type {typeName}, which the format does not have");
    }

    /// <summary>The common name of a type: FP8 for F8_E4M3.</summary>
    static string Kind(string type) => type[0] switch
    {
        'F' => "FP" + type[1],
        'C' => "complex",
        _ => "unsigned",
    };

    static long[] ReadNumbers(ref Utf8JsonReader reader, int most)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        var numbers = new List<long>(2);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(ref reader, JsonTokenType.Number);
            if (!reader.TryGetInt64(out var number) || number < 0)
                throw new FormatException($"the number at byte {reader.TokenStartIndex} is negative, not whole, or too large");
            if (numbers.Count == most)
                throw new FormatException($"the list at byte {reader.TokenStartIndex} has more than {most} numbers");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    /// <summary>Checks that the tensors fill the file without gaps or overlaps.</summary>
    void CheckOffsets(string path, long available)
    {
        long expected = 0;
        foreach (var (name, entry) in entries.OrderBy(pair => pair.Value.Start).ThenBy(pair => pair.Value.End))
        {
            if (entry.Start != expected)
                throw Damaged(path, $"'{name}' starts at byte {entry.Start} of the data, but must start at {expected}");
            expected = entry.End;
        }
        if (expected != available)
            throw Damaged(path, $"its tensors need {expected} bytes, but the file has {available}: it was truncated or overwritten");
    }

    static InvalidDataException Damaged(string path, string why) =>
        new($"{path} is not a valid safetensors file: {why}. Download or save it again.");
}
