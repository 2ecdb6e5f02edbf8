using System.Buffers.Binary;

namespace Attune.Data.Sources;

/// <summary>
/// Limits the columns of an Arrow stream before the library reads its schema, which is a recursive structure: each field can have fields,
/// and two fields can share them. The schema is a flatbuffer in the first message (https://arrow.apache.org/docs/format/Columnar.html).
/// </summary>
static class ArrowSchema
{
    const int MostFields = 10_000;
    const int MostLevels = 64;

    /// <summary>Begins a message; older files begin with its length.</summary>
    const int Continuation = -1;

    // The places of fields in the tables Message, Schema and Field of the format's Message.fbs and Schema.fbs; a union takes two.
    const int MessageHeader = 2, SchemaFields = 1, FieldChildren = 5;

    /// <exception cref="InvalidDataException">The schema has too many fields or levels, or is damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The schema is damaged.</exception>
    public static void Check(ReadOnlySpan<byte> stream)
    {
        var start = Int32(stream, 0) == Continuation ? 8 : 4;
        var message = stream.Slice(start, Int32(stream, start - 4));
        var count = 0;
        if (Field(message, Follow(message, 0), MessageHeader) is { } schema)
            CheckFields(message, Follow(message, schema), SchemaFields, 1, ref count);
    }

    static void CheckFields(ReadOnlySpan<byte> message, int table, int place, int level, ref int count)
    {
        if (Field(message, table, place) is not { } list)
            return;
        var vector = Follow(message, list);
        for (var item = 0; item < Int32(message, vector); item++)
        {
            if (++count > MostFields || level > MostLevels)
                throw new InvalidDataException($"the columns may have at most {MostFields:N0} fields in at most {MostLevels} levels");
            CheckFields(message, Follow(message, vector + 4 + 4 * item), FieldChildren, level + 1, ref count);
        }
    }

    /// <summary>The place of a field of a table; null for a field that the table does not have.</summary>
    static int? Field(ReadOnlySpan<byte> message, int table, int field)
    {
        var layout = table - Int32(message, table);
        var slot = 4 + 2 * field;
        if (slot + 2 > BinaryPrimitives.ReadUInt16LittleEndian(message[layout..]))
            return null;
        var offset = BinaryPrimitives.ReadUInt16LittleEndian(message[(layout + slot)..]);
        return offset == 0 ? null : table + offset;
    }

    /// <summary>The place that the offset at a place points to.</summary>
    static int Follow(ReadOnlySpan<byte> message, int place) => checked(place + Int32(message, place));

    static int Int32(ReadOnlySpan<byte> bytes, int place) => BinaryPrimitives.ReadInt32LittleEndian(bytes[place..]);
}
