using Attune.Data.Sources;

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
    /// <exception cref="InvalidDataException">A file is damaged, or its fields match no layout.</exception>
    public static IEnumerable<Example> Read(string path) => FilesOf(path).SelectMany(ReadFile);

    /// <summary>The records of a file, with any fields.</summary>
    /// <exception cref="InvalidDataException">The file's type is unknown, or it is damaged.</exception>
    public static IEnumerable<Row> Rows(string file) =>
        (Array.Find(Sources, source => file.EndsWith(source.Ending, StringComparison.OrdinalIgnoreCase)).Read ?? throw Unknown(file))(file);

    /// <summary>The example that a record's fields make.</summary>
    /// <exception cref="InvalidDataException">The fields match no layout.</exception>
    public static Example ToExample(Row row) => Understand(row).Example;

    static IEnumerable<Example> ReadFile(string file)
    {
        var layout = (Layout?)null;
        var first = (Origin?)null;
        foreach (var row in Rows(file))
        {
            var (found, example) = Understand(row);
            (layout, first) = (layout ?? found, first ?? row.Origin);
            if (found != layout)
                throw new InvalidDataException(
                    $"{row.Origin}: the fields are {found.Fields}, but those of line {first.Line} are {layout.Fields}; "
                    + "all lines of a file must have the same layout");
            yield return example;
        }
    }

    static (Layout Layout, Example Example) Understand(Row row)
    {
        try
        {
            var layout = Layout.FromRow(row);
            return (layout, layout.Read(row) with { Row = row });
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidDataException(
                $"{row.Origin}: a text contains a lone surrogate (such as \\ud800), which is not a valid character; remove it", error);
        }
    }

    static IReadOnlyList<string> FilesOf(string path)
    {
        if (File.Exists(path))
            return IsKnown(path) ? [path] : throw Unknown(path);
        if (!Directory.Exists(path))
            throw new FileNotFoundException($"there is no file or folder {path}");
        var files = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(IsKnown).Order(StringComparer.Ordinal).ToList();
        return files.Count > 0 ? files : throw new InvalidDataException($"the folder {path} contains no data files; supported are {Known}");
    }

    static InvalidDataException Unknown(string path) => new($"{path}: this file type is not supported; supported are {Known}");

    static string Known => string.Join(", ", Sources.Select(source => source.Ending));

    static bool IsKnown(string path) => Array.Exists(Sources, source => path.EndsWith(source.Ending, StringComparison.OrdinalIgnoreCase));
}
