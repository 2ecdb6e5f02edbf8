using System.Runtime.InteropServices;
using Attune.Torch;

namespace Attune.Export;

/// <summary>A type of the elements of a GGUF file's tensors.</summary>
public sealed class GgufType
{
    const int Block = 32;                                          // elements of q8_0 that share a scale

    readonly Action<Stream, Tensor> write;

    GgufType(string name, uint id, uint fileType, int elements, int bytes, Action<Stream, Tensor> write)
    {
        (Name, Id, FileType, BlockElements, BlockBytes) = (name, id, fileType, elements, bytes);
        this.write = write;
    }

    public static GgufType F32 { get; } = new("f32", 0, 0, 1, 4, (stream, x) => WriteAs(stream, x, DType.Float32));

    public static GgufType F16 { get; } = new("f16", 1, 1, 1, 2, WriteHalves);

    public static GgufType Bf16 { get; } = new("bf16", 30, 32, 1, 2, (stream, x) => WriteAs(stream, x, DType.BFloat16));

    /// <summary>Blocks of 32 whole numbers from −127 to 127 with one scale in float16: 8.5 bits for each weight.</summary>
    public static GgufType Q8 { get; } = new("q8_0", 8, 7, Block, 2 + Block, WriteBlocks);

    /// <summary>All types.</summary>
    public static IReadOnlyList<GgufType> All { get; } = [F32, F16, Bf16, Q8];

    public string Name { get; }

    /// <summary>The number of the type in ggml.</summary>
    internal uint Id { get; }

    /// <summary>The number of a file whose matrices have the type, <c>general.file_type</c>.</summary>
    internal uint FileType { get; }

    /// <summary>The number of elements in a block; a row must be a multiple of it.</summary>
    internal int BlockElements { get; }

    internal int BlockBytes { get; }

    /// <exception cref="InvalidDataException">There is no type of this name.</exception>
    public static GgufType Parse(string name) => All.FirstOrDefault(type => type.Name == name)
        ?? throw new InvalidDataException($"--type must be one of {string.Join(", ", All.Select(type => type.Name))} (was '{name}')");

    /// <summary>Converts the elements of a one-dimensional tensor, a multiple of the block, and writes them.</summary>
    internal void Write(Stream stream, Tensor elements) => write(stream, elements);

    static void WriteAs(Stream stream, Tensor elements, DType dtype) => stream.Write(elements.To(dtype).Contiguous().RawBytes());

    static void WriteHalves(Stream stream, Tensor elements)
    {
        var bytes = elements.To(DType.Float16).Contiguous().RawBytes();
        foreach (var half in MemoryMarshal.Cast<byte, Half>(bytes))
            if (!Half.IsFinite(half))
                throw new InvalidDataException("it has a weight beyond the range of f16; use --type bf16 or f32");
        stream.Write(bytes);
    }

    static void WriteBlocks(Stream stream, Tensor elements)
    {
        var floats = MemoryMarshal.Cast<byte, float>(elements.To(DType.Float32).Contiguous().RawBytes());
        var output = new byte[floats.Length / Block * (2 + Block)];
        for (var block = 0; block < floats.Length / Block; block++)
            Quantize(floats.Slice(block * Block, Block), output.AsSpan(block * (2 + Block)));
        stream.Write(output);
    }

    /// <summary>d = max |x| / 127, then the whole numbers nearest to x / d.</summary>
    static void Quantize(ReadOnlySpan<float> block, Span<byte> output)
    {
        var largest = 0f;
        foreach (var x in block)
            largest = Math.Max(largest, Math.Abs(x));
        var scale = largest / 127;
        MemoryMarshal.Write(output, (Half)scale);
        for (var i = 0; i < Block; i++)
            output[2 + i] = (byte)(sbyte)(scale == 0 ? 0 : MathF.Round(block[i] / scale, MidpointRounding.AwayFromZero));
    }
}
