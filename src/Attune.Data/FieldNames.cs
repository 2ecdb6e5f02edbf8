namespace Attune.Data;

/// <summary>Which fields of a file stand for the fields of a layout, and which fields are ignored.</summary>
/// <param name="Columns">The name of a layout's field, and the name that it has in the file.</param>
/// <param name="Ignored">Fields of the file that are not read.</param>
sealed record FieldNames(IReadOnlyDictionary<string, string> Columns, IReadOnlyList<string> Ignored)
{
    public static FieldNames AsWritten { get; } = new(new Dictionary<string, string>(), []);

    public static FieldNames Create(IReadOnlyDictionary<string, string> columns, IReadOnlyList<string> ignored) =>
        columns.Count == 0 && ignored.Count == 0 ? AsWritten : new(columns, ignored);

    /// <summary>The name that a layout's field has in the file; null for a field that is not read.</summary>
    public string? InFile(string name) => Columns.TryGetValue(name, out var written) ? written
        : Columns.Values.Contains(name, StringComparer.Ordinal) || Ignored.Contains(name, StringComparer.Ordinal) ? null
        : name;

    /// <summary>The names under which the fields of a row are read.</summary>
    public IEnumerable<string> OfRow(IEnumerable<string> written)
    {
        if (this == AsWritten)
            return written;
        var all = written.ToList();
        return [
            .. Columns.Where(column => all.Contains(column.Value)).Select(column => column.Key),
            .. all.Where(name => !Columns.ContainsKey(name) && InFile(name) is not null),
        ];
    }
}
