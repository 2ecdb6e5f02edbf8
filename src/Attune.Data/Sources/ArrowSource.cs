using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Attune.Input;

namespace Attune.Data.Sources;

/// <summary>
/// Apache Arrow, in its stream format, which <c>save_to_disk</c> of the Hugging Face datasets library writes, and in its file format,
/// which is a stream with a header and a footer. Columns become the same rows as in JSON.
/// </summary>
static class ArrowSource
{
    /// <summary>The beginning of the file format: the magic number and two bytes of padding.</summary>
    static ReadOnlySpan<byte> FileHeader => "ARROW1\0\0"u8;

    /// <summary>The most values of a record batch: a few bytes can claim any number of nulls.</summary>
    const long MostValues = 1 << 26;

    /// <summary>The most bytes of a file, which is read whole: the library then takes no memory by lengths that a file claims.</summary>
    const long MostBytes = 1L << 30;

    public static IEnumerable<Row> Read(SourceFile file)
    {
        var content = ReadWhole(file);
        if (content.Length == 0 || FileSignature.Problem(content.AsSpan(0, Math.Min(content.Length, FileSignature.Length))) is not null)
            throw new InvalidDataException($"{file.Path} {FileSignature.Problem(file.Start()) ?? "is empty"}");
        var stream = content.AsMemory(content.AsSpan().StartsWith(FileHeader) ? FileHeader.Length : 0);
        using var reader = Checked(file, () =>
        {
            ArrowSchema.Check(stream.Span);
            return new ArrowStreamReader(stream);
        });
        var number = 0;
        var buffer = new ArrayBufferWriter<byte>();
        while (Checked(file, () => Next(reader)) is { } batch)
            using (batch)
            {
                if ((long)batch.Length * batch.ColumnCount > MostValues)
                    throw new InvalidDataException($"{file.Path}: a record batch may have at most {MostValues:N0} values "
                        + $"(has {batch.Length:N0} rows of {batch.ColumnCount:N0}); write the file with smaller batches");
                for (var row = 0; row < batch.Length; row++)
                    yield return new(file.At(++number, "row"), Checked(file, () => ToJson(batch, row, buffer)));
            }
    }

    static RecordBatch? Next(ArrowStreamReader reader)
    {
        var batch = reader.ReadNextRecordBatch();
        foreach (var column in batch?.Arrays ?? [])
        {
            if (column.Length < batch!.Length)
                throw new InvalidDataException("a column is shorter than its record batch");
            ArrowBuffers.Check(column.Data);
        }
        return batch;
    }

    static byte[] ReadWhole(SourceFile file)
    {
        using var content = (file with { MostBytes = Math.Min(file.MostBytes, MostBytes) }).Open();
        using var whole = new MemoryStream(content.CanSeek ? (int)Math.Min(content.Length, MostBytes) : 0);
        content.CopyTo(whole);
        return whole.Length == whole.Capacity ? whole.GetBuffer() : whole.ToArray();
    }

    /// <summary>Calls the library, which throws exceptions of many kinds for a damaged file.</summary>
    static T Checked<T>(SourceFile file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{file.Path}: {error.Message}", error);
        }
        catch (Exception error) when (error is not (OutOfMemoryException or OperationCanceledException))
        {
            throw new InvalidDataException(
                $"{file.Path} is not an Arrow file, is damaged or compressed, or has a column of a kind that is not supported; "
                + "download it again, or convert it to JSON Lines or Parquet", error);
        }
    }

    static JsonElement ToJson(RecordBatch batch, int row, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(buffer))
            WriteFields(json, batch.Schema.FieldsList, batch.Arrays, row);
        return JsonElement.Parse(buffer.WrittenSpan);
    }

    static void WriteFields(Utf8JsonWriter json, IReadOnlyList<Field> fields, IEnumerable<IArrowArray> columns, int row)
    {
        json.WriteStartObject();
        foreach (var (field, column) in fields.Zip(columns))
        {
            json.WritePropertyName(field.Name);
            Write(json, column, row);
        }
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, IArrowArray column, int row)
    {
        if (column.IsNull(row))
        {
            json.WriteNullValue();
            return;
        }
        switch (column)
        {
            case ListArray list:
                WriteItems(json, list.GetSlicedValues(row));
                break;
            case LargeListArray list:
                WriteItems(json, list.GetSlicedValues(row));
                break;
            case FixedSizeListArray list:
                WriteItems(json, list.GetSlicedValues(row));
                break;
            case StructArray structure:
                WriteFields(json, ((StructType)structure.Data.DataType).Fields, structure.Fields, row);
                break;
            case DictionaryArray dictionary:
                Write(json, dictionary.Dictionary, IndexOf(dictionary, row));
                break;
            default:
                ColumnValue.Write(json, Value(column, row));
                break;
        }
    }

    static void WriteItems(Utf8JsonWriter json, IArrowArray items)
    {
        json.WriteStartArray();
        for (var item = 0; item < items.Length; item++)
            Write(json, items, item);
        json.WriteEndArray();
    }

    static int IndexOf(DictionaryArray dictionary, int row)
    {
        var index = Convert.ToInt64(Value(dictionary.Indices, row), CultureInfo.InvariantCulture);
        return index >= 0 && index < dictionary.Dictionary.Length
            ? (int)index
            : throw new InvalidDataException("an index is outside of its dictionary");
    }

    static object? Value(IArrowArray column, int row) => column switch
    {
        StringArray texts => texts.GetString(row),
        LargeStringArray texts => texts.GetString(row),
        BooleanArray flags => flags.GetValue(row),
        Int8Array numbers => numbers.GetValue(row),
        Int16Array numbers => numbers.GetValue(row),
        Int32Array numbers => numbers.GetValue(row),
        Int64Array numbers => numbers.GetValue(row),
        UInt8Array numbers => numbers.GetValue(row),
        UInt16Array numbers => numbers.GetValue(row),
        UInt32Array numbers => numbers.GetValue(row),
        UInt64Array numbers => numbers.GetValue(row),
        HalfFloatArray numbers => (double?)numbers.GetValue(row),
        FloatArray numbers => numbers.GetValue(row),
        DoubleArray numbers => numbers.GetValue(row),
        TimestampArray times => times.GetTimestamp(row),
        Date32Array days => days.GetDateTime(row),
        BinaryArray bytes => bytes.GetBytes(row).ToArray(),
        _ => throw new InvalidDataException($"columns of type {column.Data.DataType.Name} are not supported"),
    };
}
