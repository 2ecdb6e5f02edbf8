using System.Buffers.Binary;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace Attune.Data.Tests;

/// <summary>Writes Arrow files as the Hugging Face datasets library does, and hostile ones.</summary>
static class ArrowFiles
{
    /// <summary>The rows of <see cref="Conversations"/>.</summary>
    public static readonly string[] ConversationsAsJson =
    [
        """{"id":1,"score":0.5,"good":true,"tag":"y","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"é 😀"}]}""",
        """{"id":2,"score":null,"good":false,"tag":"x","messages":[]}""",
        """{"id":3,"score":-2,"good":null,"tag":"y","messages":[{"role":"user","content":null}]}""",
        """{"id":4,"score":7,"good":true,"tag":"x","messages":null}""",
    ];

    /// <summary>Two record batches with numbers, texts, a dictionary, and lists of structures.</summary>
    public static byte[] Conversations(bool isFile)
    {
        var message = new StructType([new Field("role", StringType.Default, true), new Field("content", StringType.Default, true)]);
        var tagType = new DictionaryType(Int32Type.Default, StringType.Default, false);
        var schema = new Schema(
        [
            new("id", Int64Type.Default, true), new("score", DoubleType.Default, true), new("good", BooleanType.Default, true),
            new("tag", tagType, true), new("messages", new ListType(new Field("item", message, true)), true),
        ], metadata: null);
        var tags = new StringArray.Builder().Append("x").Append("y").Build();
        return Write(schema, isFile,
            Batch([1, 2, 3], [0.5, null, -2], [true, false, null], [1, 0, 1], [0, 2, 2, 3], ["user", "assistant", "user"],
                ["hi", "é 😀", null], [true, true, true]),
            Batch([4], [7], [true], [0], [0, 0], [], [], [false]));

        RecordBatch Batch(long[] ids, double?[] scores, bool?[] good, int[] tag, int[] ends, string[] roles, string?[] contents,
            bool[] isGiven)
        {
            var messages = new StructArray(message, roles.Length, [Column(roles), Column(contents)], ArrowBuffer.Empty, 0);
            var given = new ArrowBuffer.BitmapBuilder().AppendRange(isGiven).Build();
            var lists = new ListArray(schema.FieldsList[4].DataType, ids.Length,
                new ArrowBuffer.Builder<int>().AppendRange(ends).Build(), messages, given, isGiven.Count(one => !one));
            return new(schema, [new Int64Array.Builder().AppendRange(ids).Build(), Column(scores), Column(good),
                new DictionaryArray(tagType, new Int32Array.Builder().AppendRange(tag).Build(), tags), lists], ids.Length);
        }
    }

    /// <summary>One column, <c>text</c>.</summary>
    public static byte[] Texts(params string[] texts)
    {
        var schema = new Schema([new("text", StringType.Default, true)], metadata: null);
        return Write(schema, isFile: false, new RecordBatch(schema, [Column(texts)], texts.Length));
    }

    static StringArray Column(string?[] texts)
    {
        var builder = new StringArray.Builder();
        foreach (var text in texts)
            builder.Append(text);
        return builder.Build();
    }

    static DoubleArray Column(double?[] numbers)
    {
        var builder = new DoubleArray.Builder();
        foreach (var number in numbers)
            builder.Append(number);
        return builder.Build();
    }

    static BooleanArray Column(bool?[] flags)
    {
        var builder = new BooleanArray.Builder();
        foreach (var flag in flags)
            if (flag is { } value)
                builder.Append(value);
            else
                builder.AppendNull();
        return builder.Build();
    }

    static byte[] Write(Schema schema, bool isFile, params RecordBatch[] batches)
    {
        using var stream = new MemoryStream();
        using (var writer = isFile ? new ArrowFileWriter(stream, schema, leaveOpen: true)
            : new ArrowStreamWriter(stream, schema, leaveOpen: true))
        {
            foreach (var batch in batches)
                writer.WriteRecordBatch(batch);
            writer.WriteEnd();
        }
        return stream.ToArray();
    }

    /// <summary>
    /// A message whose schema has one field, which has fields in levels: all children of a field are the same one. In a flatbuffer, a table
    /// is the distance to its layout, and then its fields; a layout has two sizes, and then the place of each field.
    /// </summary>
    public static byte[] Nested(int children, int levels)
    {
        const int layout = 16, start = 60;
        var size = layout + 8 + 4 + 4 * children;
        var bytes = new byte[start + (levels + 1) * size];
        Int(0, 4 + layout);
        Table(4, field: 2, target: 28 + layout);                   // the message: its header
        Table(28, field: 1, target: 52);                           // the schema: its fields
        Vector(52, count: 1, target: start + layout);
        for (var at = start; at < start + levels * size; at += size)
        {
            Table(at, field: 5, target: at + layout + 8);          // a field: its children
            Vector(at + layout + 8, children, target: at + size + layout);
        }
        Int(start + levels * size, 4);                             // the last field has no children
        Int(start + levels * size + layout, layout);
        return [0xFF, 0xFF, 0xFF, 0xFF, .. BitConverter.GetBytes(bytes.Length), .. bytes];

        void Table(int at, int field, int target)
        {
            Int(at, layout);
            Int(at + 4 + 2 * field, 4);
            Int(at + layout, layout);
            Point(at + layout + 4, target);
        }

        void Vector(int at, int count, int target)
        {
            Int(at, count);
            for (var item = 0; item < count; item++)
                Point(at + 4 + 4 * item, target);
        }

        void Point(int at, int target) => Int(at, target - at);

        void Int(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
    }
}
