using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Attune.Data.Encoded;

/// <summary>Reads what <see cref="RecordWriter"/> wrote.</summary>
ref struct RecordReader(ReadOnlySpan<byte> bytes)
{
    ReadOnlySpan<byte> rest = bytes;

    public int Count()
    {
        var value = 0u;
        for (var shift = 0; ; shift += 7)
        {
            var next = Take(1)[0];
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
                return (int)value;
        }
    }

    public bool Flag() => Take(1)[0] != 0;

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));

    public int[] Tokens()
    {
        var tokens = new int[Count()];
        if (!Flag())
        {
            Take(tokens.Length * sizeof(int)).CopyTo(MemoryMarshal.AsBytes(tokens.AsSpan()));
            return tokens;
        }
        var shorts = MemoryMarshal.Cast<byte, ushort>(Take(tokens.Length * sizeof(ushort)));
        for (var at = 0; at < tokens.Length; at++)
            tokens[at] = shorts[at];
        return tokens;
    }

    public int[]? OptionalTokens() => Flag() ? Tokens() : null;

    public bool[] Flags()
    {
        var flags = new bool[Count()];
        for (var (at, value) = (0, false); at < flags.Length; value = !value)
        {
            var length = Count();
            flags.AsSpan(at, length).Fill(value);
            at += length;
        }
        return flags;
    }

    public string Text() => System.Text.Encoding.UTF8.GetString(Bytes());

    public ReadOnlySpan<byte> Bytes() => Take(Count());

    ReadOnlySpan<byte> Take(int count)
    {
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
