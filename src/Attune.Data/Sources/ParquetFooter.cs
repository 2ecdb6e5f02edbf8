using System.Buffers.Binary;

namespace Attune.Data.Sources;

/// <summary>
/// Checks the size and depth of a Parquet file's footer before the library reads it: a small file may claim a large footer, or nest
/// structures so deep that reading them takes minutes. The footer is a structure in Thrift's compact protocol,
/// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
/// </summary>
sealed class ParquetFooter
{
    const int MostBytes = 64 << 20;
    const int MostLevels = 32;                                     // the format itself nests eight
    const int MostValues = 1 << 22;

    readonly byte[] bytes;
    int at;
    int values;

    ParquetFooter(byte[] bytes) => this.bytes = bytes;

    /// <summary>Checks the footer of a seekable file, and returns to its start.</summary>
    /// <exception cref="InvalidDataException">The footer is too large or too deep, or it is not complete.</exception>
    public static void Check(string path, Stream file)
    {
        var length = Length(file);
        if (length < 0 || length > file.Length - 12)               // 4 bytes before all columns, 8 after the footer
            throw Wrong(path, "is not complete");
        if (length > MostBytes)
            throw Wrong(path, $"may have at most {MostBytes >> 20} MiB (has {length >> 20:N0})");
        var footer = new byte[length];
        file.Position = file.Length - 8 - length;
        file.ReadExactly(footer);
        file.Position = 0;
        if (new ParquetFooter(footer).Problem() is { } problem)
            throw Wrong(path, problem);
    }

    static long Length(Stream file)
    {
        if (file.Length < 12)
            return -1;
        Span<byte> end = stackalloc byte[8];
        file.Position = file.Length - end.Length;
        file.ReadExactly(end);
        return end[4..].SequenceEqual("PAR1"u8) ? BinaryPrimitives.ReadInt32LittleEndian(end) : -1;
    }

    static InvalidDataException Wrong(string path, string problem) =>
        new($"{path}: the footer of this Parquet file, which describes its columns, {problem}; download or write the file again, or "
            + "convert it to JSON Lines");

    string? Problem()
    {
        try
        {
            Skip(Kind.Structure, level: 1);
            return null;
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }

    void Skip(Kind kind, int level)
    {
        if (level > MostLevels)
            throw new InvalidDataException($"has more than {MostLevels} levels of structures");
        if (++values > MostValues)
            throw new InvalidDataException($"has more than {MostValues:N0} values");
        switch (kind)
        {
            case Kind.True or Kind.False or Kind.Byte:
                Take(1);
                break;
            case Kind.Int16 or Kind.Int32 or Kind.Int64:
                _ = Number();
                break;
            case Kind.Double:
                Take(8);
                break;
            case Kind.Bytes:
                Take(Number());
                break;
            case Kind.List or Kind.Set:
                SkipList(level);
                break;
            case Kind.Map:
                SkipMap(level);
                break;
            case Kind.Structure:
                SkipFields(level);
                break;
            case Kind.Uuid:
                Take(16);
                break;
            default:
                throw new InvalidDataException("is damaged");
        }
    }

    void SkipFields(int level)
    {
        while (Take(1) is var header && header != 0)
        {
            if (header >> 4 == 0)
                _ = Number();                                      // the field's id, where it is not near the last one
            var kind = (Kind)(header & 15);
            if (kind is not (Kind.True or Kind.False))             // a field's header is its value
                Skip(kind, level + 1);
        }
    }

    void SkipList(int level)
    {
        var header = Take(1);
        var count = header >> 4 == 15 ? Number() : (ulong)header >> 4;
        for (ulong i = 0; i < count; i++)
            Skip((Kind)(header & 15), level + 1);
    }

    void SkipMap(int level)
    {
        if (Number() is not (> 0 and var count))
            return;
        var kinds = Take(1);
        for (ulong i = 0; i < count; i++)
        {
            Skip((Kind)(kinds >> 4), level + 1);
            Skip((Kind)(kinds & 15), level + 1);
        }
    }

    /// <summary>A variable-length integer: seven bits a byte.</summary>
    ulong Number()
    {
        var number = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = (ulong)Take(1);
            number |= (next & 127) << shift;
            if (next < 128)
                return number;
        }
        throw new InvalidDataException("is damaged");
    }

    /// <summary>Moves over bytes; the first of them.</summary>
    int Take(ulong count)
    {
        if (count > (ulong)(bytes.Length - at))
            throw new InvalidDataException("is damaged: it ends too early");
        var first = count > 0 ? bytes[at] : 0;
        at += (int)count;
        return first;
    }

    enum Kind
    {
        True = 1,
        False,
        Byte,
        Int16,
        Int32,
        Int64,
        Double,
        Bytes,
        List,
        Set,
        Map,
        Structure,
        Uuid,
    }
}
