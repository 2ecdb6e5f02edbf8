using Attune.Data.Sources;
using Attune.Hub;
using Attune.Text;

namespace Attune.Data;

/// <summary>Reads data files: <c>.jsonl</c>, <c>.jsonl.gz</c>, <c>.csv</c>, <c>.txt</c>, or a folder of them.</summary>
public static class Dataset
{
    /// <summary>Every format that Attune reads.</summary>
    static readonly (string Ending, Func<string, IEnumerable<Row>> Read)[] Sources =
    [
        (".jsonl", JsonLinesSource.Read),
        (".jsonl.gz", JsonLinesSource.Read),
        (".csv", CsvSource.Read),
        (".txt", TextSource.Read),
    ];

    /// <summary>The examples of a file, or of all files in a folder and its subfolders, in the order of their names.</summary>
    /// <exception cref="FileNotFoundException">The file or folder does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, its fields match no layout, or a meaning would be lost.</exception>
    public static IEnumerable<Example> Read(string path, ReadOptions? options = null)
    {
        options ??= new();
        RequireKnown(options);
        return FilesOf(path).SelectMany(file => ReadFile(file, options));
    }

    /// <summary>The records of a file, with any fields.</summary>
    /// <exception cref="InvalidDataException">The file's type is unknown, or it is damaged.</exception>
    public static IEnumerable<Row> Rows(string file) =>
        (Array.Find(Sources, source => file.EndsWith(source.Ending, StringComparison.OrdinalIgnoreCase)).Read ?? throw Unknown(file))(file);

    /// <summary>The example that a record's fields make.</summary>
    /// <exception cref="InvalidDataException">The fields match no layout.</exception>
    public static Example ToExample(Row row) => new ExampleReader(row.Origin.File, new()).Read(row);

    /// <summary>The names of all layouts.</summary>
    public static IEnumerable<string> Layouts => Layout.Names;

    static IEnumerable<Example> ReadFile(string file, ReadOptions options)
    {
        var reader = new ExampleReader(file, options);
        foreach (var row in Rows(file))
            yield return reader.Read(row);
        reader.End();
    }

    static void RequireKnown(ReadOptions options)
    {
        var fields = Layout.KnownFields.ToList();
        foreach (var name in options.Columns.Keys.Except(fields, StringComparer.Ordinal))
            throw new InvalidDataException(
                $"`data.columns`: '{name}' is not a field of any layout.{Suggestion(name, fields)} It names fields of layouts first: "
                + "{prompt: question} reads the file's field `question` as `prompt`");
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

    static IReadOnlyList<string> FilesOf(string name)
    {
        var path = Find(name);
        if (File.Exists(path))
            return IsKnown(path) ? [path] : throw Unknown(path);
        var files = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(IsKnown).Order(StringComparer.Ordinal).ToList();
        return files.Count > 0 ? files : throw new InvalidDataException($"the folder {path} contains no data files; supported are {Known}");
    }

    static InvalidDataException Unknown(string path) => new($"{path}: this file type is not supported; supported are {Known}");

    static string Known => string.Join(", ", Sources.Select(source => source.Ending));

    static bool IsKnown(string path) => Array.Exists(Sources, source => path.EndsWith(source.Ending, StringComparison.OrdinalIgnoreCase));
}
