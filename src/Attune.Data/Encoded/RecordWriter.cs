using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Attune.Data.Encoded;

/// <summary>Writes the fields of an item as bytes, which <see cref="RecordReader"/> reads in the same order.</summary>
sealed class RecordWriter
{
    readonly ArrayBufferWriter<byte> bytes = new(1 << 16);

    public ReadOnlySpan<byte> Written => bytes.WrittenSpan;

    /// <summary>A number of at least 0, in as many bytes as it needs.</summary>
    public void Count(int value)
    {
        var rest = (uint)value;
        for (; rest >= 0x80; rest >>= 7)
            Byte((byte)(rest | 0x80));
        Byte((byte)rest);
    }

    public void Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void Double(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.GetSpan(sizeof(double)), value);
        bytes.Advance(sizeof(double));
    }

    /// <summary>Tokens, of two bytes each where all ids fit, else of four.</summary>
    public void Tokens(int[] tokens)
    {
        var isShort = tokens.AsSpan().IndexOfAnyExceptInRange(0, ushort.MaxValue) < 0;
        Count(tokens.Length);
        Flag(isShort);
        if (!isShort)
        {
            Bytes(MemoryMarshal.AsBytes(tokens.AsSpan()));
            return;
        }
        var shorts = MemoryMarshal.Cast<byte, ushort>(bytes.GetSpan(tokens.Length * sizeof(ushort)));
        for (var at = 0; at < tokens.Length; at++)
            shorts[at] = (ushort)tokens[at];
        bytes.Advance(tokens.Length * sizeof(ushort));
    }

    /// <summary>Tokens, or null.</summary>
    public void OptionalTokens(int[]? tokens)
    {
        Flag(tokens is not null);
        if (tokens is not null)
            Tokens(tokens);
    }

    /// <summary>Flags as the lengths of runs of equal ones, the first of which is false.</summary>
    public void Flags(IReadOnlyList<bool> flags)
    {
        Count(flags.Count);
        for (var (at, value) = (0, false); at < flags.Count; value = !value)
        {
            var start = at;
            while (at < flags.Count && flags[at] == value)
                at++;
            Count(at - start);
        }
    }

    public void Text(string text)
    {
        var size = System.Text.Encoding.UTF8.GetByteCount(text);
        Count(size);
        System.Text.Encoding.UTF8.GetBytes(text, bytes.GetSpan(size));
        bytes.Advance(size);
    }

    public void Bytes(ReadOnlySpan<byte> content) => bytes.Write(content);

    void Byte(byte value)
    {
        bytes.GetSpan(1)[0] = value;
        bytes.Advance(1);
    }
}
