using System.Buffers.Binary;
using System.Numerics;

namespace Attune.Data.Encoded;

/// <summary>The CRC-32C of bytes, which finds damage.</summary>
struct Checksum()
{
    uint crc = uint.MaxValue;

    public readonly uint Value => ~crc;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        var sum = crc;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var value in bytes)
            sum = BitOperations.Crc32C(sum, value);
        crc = sum;
    }
}
