using System.Buffers;
using System.Text.Json;
using Attune.Input;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace Attune.Data.Sources;

/// <summary>Apache Parquet: columns of texts, numbers, lists and structures become the same rows as in JSON.</summary>
static class ParquetSource
{
    /// <summary>The most values of a row group: a group is read whole, and a few bytes can claim any number of equal values.</summary>
    const long MostValues = 1 << 26;

    /// <summary>The most bytes of a compressed file, which is read whole, because Parquet is not read from its start.</summary>
    const long MostCompressed = 1L << 30;

    public static bool Begins(ReadOnlySpan<byte> start) => start.StartsWith("PAR1"u8);

    public static IEnumerable<Row> Read(SourceFile file)
    {
        if (file.Start() is var start && !Begins(start))
            throw new InvalidDataException(
                $"{file.Path} {FileSignature.Problem(start) ?? "is not a Parquet file: its first bytes are not PAR1"}");
        using var content = Seekable(file);                        // all that the library's reader holds
        ParquetFooter.Check(file.Path, content);
        var reader = Checked(file, () => ParquetReader.CreateAsync(content, leaveStreamOpen: true).GetAwaiter().GetResult());
        var number = 0;
        for (var group = 0; group < reader.RowGroupCount; group++)
            foreach (var fields in ReadGroup(file, reader, content, group))
                yield return new(file.At(++number, "row"), fields);
    }

    static IEnumerable<JsonElement> ReadGroup(SourceFile file, ParquetReader reader, Stream content, int group)
    {
        var values = reader.Metadata!.RowGroups[group].Columns.Sum(column => column.MetaData?.NumValues ?? 0);
        if (values is < 0 or > MostValues)
            throw new InvalidDataException($"{file.Path}: row group {group + 1} may have at most {MostValues:N0} values (has {values:N0}); "
                + "write the file with smaller row groups");
        if (Checked(file, () => ListWithNull(reader, group)) is { } list)
            throw new InvalidDataException($"{file.Path}: the list '{list.Name}' has null items, which are not read from Parquet; "
                + "convert the file to JSON Lines");
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var row in Checked(file, () =>
            ParquetSerializer.DeserializeUntypedAsync(content, rowGroupIndex: group).GetAwaiter().GetResult().Data))
        {
            foreach (var field in reader.Schema.Fields)
                row.TryAdd(field.Name, null!);                     // the library leaves out what is null
            buffer.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(buffer))
                ColumnValue.Write(json, row);
            yield return JsonElement.Parse(buffer.WrittenSpan);
        }
    }

    static ListField? ListWithNull(ParquetReader reader, int group) =>
        Lists(reader.Schema.Fields).FirstOrDefault(list => HasNullItem(reader.OpenRowGroupReader(group), list));

    static IEnumerable<ListField> Lists(IEnumerable<Field> fields) => fields.SelectMany(field => field switch
    {
        ListField list => Lists([list.Item]).Prepend(list),
        StructField structure => Lists(structure.Fields),
        _ => [],
    });

    /// <summary>Whether a list has an item that is null, which the library would leave out of the list.</summary>
    static bool HasNullItem(ParquetRowGroupReader group, ListField list)
    {
        var item = list.Item;
        if (!item.IsNullable || FirstColumn(item) is not { } column)
            return false;
        using var levels = group.ReadRawColumnDataBaseAsync(column).AsTask().GetAwaiter().GetResult();
        return levels.DefinitionLevels.Contains(item.MaxDefinitionLevel - 1);
    }

    static DataField? FirstColumn(Field field) => field switch
    {
        DataField column => column,
        ListField list => FirstColumn(list.Item),
        StructField structure => structure.Fields.Select(FirstColumn).FirstOrDefault(column => column is not null),
        _ => null,
    };

    static Stream Seekable(SourceFile file)
    {
        var content = (file with { MostBytes = Math.Min(file.MostBytes, MostCompressed) }).Open();
        if (content.CanSeek)
            return content;
        using (content)
        {
            var whole = new MemoryStream();
            content.CopyTo(whole);
            whole.Position = 0;
            return whole;
        }
    }

    /// <summary>Calls the library, which throws exceptions of many kinds for a damaged file.</summary>
    static T Checked<T>(SourceFile file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is not (OutOfMemoryException or OperationCanceledException))
        {
            throw new InvalidDataException(
                $"{file.Path} is damaged, or has a column of a kind that is not supported; download it again, or convert it to JSON Lines",
                error);
        }
    }
}
