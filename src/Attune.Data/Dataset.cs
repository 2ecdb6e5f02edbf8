using Attune.Data.Sources;
using Attune.Hub;
using Attune.Input;
using Attune.Text;

namespace Attune.Data;

/// <summary>
/// Reads data files: JSON Lines, JSON, tables (CSV, TSV), Parquet, Arrow and texts, each also compressed with gzip or Zstandard; or a
/// folder of them.
/// </summary>
public static class Dataset
{
    const string Json = ".json";
    const string Arrow = ".arrow";

    /// <summary>The most characters of a block, unless one row has more, and the most rows.</summary>
    const int BlockSize = 1 << 20, BlockRows = 4096;

    /// <summary>Every format that Attune reads.</summary>
    static readonly Format[] Formats =
    [
        new(".jsonl", JsonSource.Read),
        new(".ndjson", JsonSource.Read),
        new(Json, JsonSource.Read),
        new(".csv", Parsed(CsvSource.Read)),
        new(".tsv", Parsed(CsvSource.Read)),
        new(".parquet", Parsed(ParquetSource.Read)),
        new(Arrow, Parsed(ArrowSource.Read)),
        new(".txt", Parsed(TextSource.Read)),
    ];

    static readonly string[] Compressions = [".gz", ".zst"];

    /// <summary>The supported endings of file names, as a list for messages.</summary>
    public static string Known =>
        $"{string.Join(", ", Formats.Select(format => format.Ending))}, also with {string.Join(" or ", Compressions)}";

    /// <summary>The examples of a file, or of all files in a folder and its subfolders, in the order of their names.</summary>
    /// <exception cref="FileNotFoundException">The file or folder does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, its fields match no layout, or a meaning would be lost.</exception>
    public static IEnumerable<Example> Read(string path, ReadOptions? options = null)
    {
        options ??= new();
        RequireKnown(options);
        var left = options.MostRows;
        return ReadFiles(path, FilesOf(path, options.Split), options, (reader, file) => Rows(file).Take(left).Select(row =>
        {
            left--;
            return reader.Read(row);
        }));
    }

    /// <summary>
    /// Converts the same examples in blocks of consecutive rows, on all cores. The results have the order of the rows, and errors and
    /// messages are those of <see cref="Read"/>.
    /// </summary>
    /// <param name="path">A file or a folder.</param>
    /// <param name="options">How the files are read.</param>
    /// <param name="convert">Converts the examples of a block; it is called from several threads, and reads them once.</param>
    /// <inheritdoc cref="Read"/>
    public static IEnumerable<T> ReadBlocks<T>(string path, ReadOptions options, Func<IEnumerable<Example>, T> convert)
    {
        RequireKnown(options);
        var before = 0L;
        return ReadFiles(path, FilesOf(path, options.Split), options, ConvertFile);

        IEnumerable<T> ConvertFile(ExampleReader reader, SourceFile file)
        {
            FileStream? open = null;
            using var rows = PendingRows(file with { Opened = stream => open = stream }).GetEnumerator();
            if (!rows.MoveNext())
                yield break;
            yield return convert([reader.Read(rows.Current.Read())]);          // the first row decides how the others are read
            foreach (var (result, fork) in ParallelBlocks.Convert(Blocks(rows), ConvertBlock))
            {
                reader.Add(fork);
                yield return result;
                if (open is { CanSeek: true })
                    options.BytesRead(before + open.Position);
            }
            before += new FileInfo(file.Path).Length;
            options.BytesRead(before);

            (T, ExampleReader) ConvertBlock(List<PendingRow> block)
            {
                var fork = reader.Fork();
                return (convert(block.Select(row => fork.Read(row.Read()))), fork);
            }
        }
    }

    /// <summary>The files that <see cref="Read"/> reads.</summary>
    /// <inheritdoc cref="Read"/>
    internal static IReadOnlyList<string> Files(string path, DataSplit split) => [.. FilesOf(path, split).Select(file => file.Path)];

    /// <summary>Whether a path is a folder with held-out files beside training files, by their names.</summary>
    /// <exception cref="FileNotFoundException">The file or folder does not exist.</exception>
    public static bool HasHeldOut(string path) => Directory.Exists(Find(path)) && FilesOf(path, DataSplit.HeldOut).Count > 0;

    /// <summary>The records of a file or of the files in a folder, with any fields.</summary>
    /// <param name="path">A file or a folder.</param>
    /// <param name="mostBytes">The most bytes that a file may have without compression.</param>
    /// <exception cref="FileNotFoundException">The file or folder does not exist.</exception>
    /// <exception cref="InvalidDataException">A file's type is unknown, it is too large, or it is damaged.</exception>
    public static IEnumerable<Row> Rows(string path, long mostBytes = long.MaxValue) =>
        FilesOf(path).SelectMany(file => Rows(file with { MostBytes = mostBytes }));

    /// <summary>The ending of a data file's name without that of a compression, such as <c>.jsonl</c>; null for other files.</summary>
    public static string? EndingOf(string name) => FormatOf(name)?.Ending;

    /// <summary>The example that a record's fields make.</summary>
    /// <exception cref="InvalidDataException">The fields match no layout.</exception>
    public static Example ToExample(Row row) => new ExampleReader(row.Origin.File, new()).Read(row);

    /// <summary>The names of all layouts.</summary>
    public static IEnumerable<string> Layouts => Layout.Names;

    static IEnumerable<Row> Rows(SourceFile file) => PendingRows(file).Select(row => row.Read());

    static IEnumerable<PendingRow> PendingRows(SourceFile file)
    {
        var format = FormatOf(file.Path) ?? throw Unknown(file);
        return (ParquetSource.Begins(file.Start()) ? Parsed(ParquetSource.Read) : format.Read)(file);
    }

    static Func<SourceFile, IEnumerable<PendingRow>> Parsed(Func<SourceFile, IEnumerable<Row>> read) =>
        file => read(file).Select(PendingRow.From);

    static IEnumerable<List<PendingRow>> Blocks(IEnumerator<PendingRow> rows)
    {
        var (block, size) = (new List<PendingRow>(), 0);
        while (rows.MoveNext())
        {
            block.Add(rows.Current);
            size += rows.Current.Size;
            if (size < BlockSize && block.Count < BlockRows)
                continue;
            yield return block;
            (block, size) = ([], 0);
        }
        if (block.Count > 0)
            yield return block;
    }

    static Format? FormatOf(string name)
    {
        var compression = Array.Find(Compressions, ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) ?? "";
        return Array.Find(Formats, format => name[..^compression.Length].EndsWith(format.Ending, StringComparison.OrdinalIgnoreCase));
    }

    static IEnumerable<T> ReadFiles<T>(
        string path, IReadOnlyList<SourceFile> files, ReadOptions options, Func<ExampleReader, SourceFile, IEnumerable<T>> read)
    {
        var readers = new List<ExampleReader>();
        foreach (var file in files)
        {
            var reader = new ExampleReader(file.Path, options);
            foreach (var result in read(reader, file))
                yield return result;
            reader.End();
            readers.Add(reader);
        }
        foreach (var same in readers.Where(reader => reader.Rows > 0).GroupBy(reader => reader.ReadAs))
            options.Recognised($"{path}: {Quantity.Of(same.Sum(reader => reader.Rows), "row")}"
                + $"{(files.Count > 1 ? $" in {Quantity.Of(same.Count(), "file")}" : "")} read as {same.Key}");
    }

    static void RequireKnown(ReadOptions options)
    {
        foreach (var name in options.Columns.Keys.Except(Layout.KnownFields, StringComparer.Ordinal))
            throw new InvalidDataException(
                $"{options.Syntax.Columns}: '{name}' is not a field of any layout.{Suggestion(name, Layout.KnownFields)} The layout's "
                + $"field comes first: {options.Syntax.Mapping("prompt", "question")} reads the file's field `question` as `prompt`");
        if (options.Layout is { } layout && !Layouts.Contains(layout, StringComparer.Ordinal))
            throw new InvalidDataException($"there is no layout '{layout}'; known are {string.Join(", ", Layouts)}");
    }

    static string Suggestion(string name, IEnumerable<string> known) =>
        NearestName.Find(name, known) is { } nearest ? $" Did you mean '{nearest}'?" : "";

    /// <summary>
    /// The path of a file or folder; of OWNER/NAME or OWNER/NAME/FILE where there is no such file, that in the Hugging Face Hub's cache.
    /// </summary>
    /// <exception cref="FileNotFoundException">The file or folder does not exist.</exception>
    public static string Find(string path) => Path.Exists(path)
        ? path
        : HubLookup.Find(HubKind.Dataset, path)
            ?? throw new FileNotFoundException($"there is no file or folder {path}{HubLookup.Hint(HubKind.Dataset, path)}");

    static IReadOnlyList<SourceFile> FilesOf(string name, DataSplit split = DataSplit.All)
    {
        var path = Find(name);
        if (!Directory.Exists(path))
            return [new(path)];
        var files = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(file => EndingOf(file) is not null)
            .Order(StringComparer.Ordinal).ToList();
        files.RemoveAll(file => EndingOf(file) == Arrow && Path.GetFileName(file).StartsWith("cache-", StringComparison.Ordinal));
        if (files.Exists(file => EndingOf(file) != Json))          // then a .json file describes the data, as manifest.json does
            files.RemoveAll(file => EndingOf(file) == Json);
        if (files.Count == 0)
            throw new InvalidDataException($"the folder {path} contains no data files; supported are {Known}");
        return [.. FileSplits.Select(path, files, split).Select(file => new SourceFile(file) { Folder = files.Count > 1 ? path : null })];
    }

    static InvalidDataException Unknown(SourceFile file) =>
        new($"{file.Path} {FileSignature.Problem(file.Start()) ?? $"has a name that is not supported; supported are {Known}"}");

    sealed record Format(string Ending, Func<SourceFile, IEnumerable<PendingRow>> Read);
}
