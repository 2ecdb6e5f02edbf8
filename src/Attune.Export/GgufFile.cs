using System.Text;
using Attune.Torch;

namespace Attune.Export;

/// <summary>A tensor to write.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its shape; the last dimension is contiguous.</param>
/// <param name="Type">The type of its elements in the file.</param>
/// <param name="Read">Reads its values, in any type.</param>
sealed record GgufTensor(string Name, long[] Shape, GgufType Type, Func<Tensor> Read)
{
    public long Bytes => Shape.Aggregate(1L, (product, length) => product * length) / Type.BlockElements * Type.BlockBytes;
}

/// <summary>
/// Writes a GGUF file of version 3: metadata, names and shapes, then the values of every tensor at a multiple of 32 bytes.
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
/// </summary>
static class GgufFile
{
    const uint Version = 3;
    const int Alignment = 32;
    const long ElementsAtOnce = 1 << 22;

    /// <summary>Writes a file. One tensor is in memory at a time.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <param name="metadata">Keys with values: string, uint, int, float, bool, or a list of string, int or float.</param>
    /// <param name="tensors">The tensors.</param>
    public static void Write(string path, IReadOnlyList<(string Key, object Value)> metadata, IReadOnlyList<GgufTensor> tensors)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        WriteHeader(stream, metadata, tensors);
        foreach (var tensor in tensors)
        {
            WriteValues(stream, tensor);
            Align(stream);
        }
        stream.Flush(flushToDisk: true);
    }

    static void WriteHeader(Stream stream, IReadOnlyList<(string Key, object Value)> metadata, IReadOnlyList<GgufTensor> tensors)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            WriteText(writer, key);
            writer.Write(TypeOf(value));
            WriteValue(writer, value);
        }
        long offset = 0;
        foreach (var tensor in tensors)
        {
            WriteInfo(writer, tensor, offset);
            offset += Aligned(tensor.Bytes);
        }
        writer.Flush();
        Align(stream);
    }

    /// <summary>Name, dimensions beginning with the contiguous one, type, and offset from the end of the header.</summary>
    static void WriteInfo(BinaryWriter writer, GgufTensor tensor, long offset)
    {
        WriteText(writer, tensor.Name);
        writer.Write((uint)tensor.Shape.Length);
        foreach (var length in tensor.Shape.Reverse())
            writer.Write((ulong)length);
        writer.Write(tensor.Type.Id);
        writer.Write((ulong)offset);
    }

    static uint TypeOf(object value) => value switch
    {
        uint => 4,
        int => 5,
        float => 6,
        bool => 7,
        string => 8,
        Array => 9,
        _ => throw new ArgumentException($"GGUF has no type for {value.GetType().Name}", nameof(value)),
    };

    static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            case string text: WriteText(writer, text); break;
            case string[] texts: WriteList(writer, texts); break;
            case int[] numbers: WriteList(writer, numbers); break;
            case float[] numbers: WriteList(writer, numbers); break;
            default: throw new ArgumentException($"GGUF has no type for {value.GetType().Name}", nameof(value));
        }
    }

    static void WriteList<T>(BinaryWriter writer, T[] items) where T : notnull
    {
        writer.Write(TypeOf(items.Length > 0 ? items[0] : ""));
        writer.Write((ulong)items.Length);
        foreach (var item in items)
            WriteValue(writer, item);
    }

    static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    static void WriteValues(Stream stream, GgufTensor tensor)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var flat = tensor.Read().Reshape(-1);
        try
        {
            for (long at = 0; at < flat.ElementCount; at += ElementsAtOnce)
            {
                using var part = TensorScope.Open();
                tensor.Type.Write(stream, flat.Slice(0, at, Math.Min(at + ElementsAtOnce, flat.ElementCount)));
            }
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{tensor.Name}: {error.Message}", error);
        }
    }

    static void Align(Stream stream) => stream.Write(new byte[Aligned(stream.Position) - stream.Position]);

    static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;
}
