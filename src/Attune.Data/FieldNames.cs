namespace Attune.Data;

/// <summary>Maps the fields of a layout to the fields of a file, and leaves fields out.</summary>
/// <param name="Columns">The name of a layout's field, and the name that it has in the file.</param>
/// <param name="Ignored">Fields of the file that are not read.</param>
sealed record FieldNames(IReadOnlyDictionary<string, string> Columns, IReadOnlyList<string> Ignored)
{
    public static FieldNames AsWritten { get; } = new(new Dictionary<string, string>(), []);

    /// <summary>The name that a layout's field has in the file; null for a field that is not read.</summary>
    public string? InFile(string name) => Columns.TryGetValue(name, out var written) ? written
        : Columns.Values.Contains(name, StringComparer.Ordinal) || Ignored.Contains(name, StringComparer.Ordinal) ? null
        : name;

    /// <summary>The names under which the fields of a row are read.</summary>
    public IEnumerable<string> OfRow(IReadOnlyCollection<string> written) =>
    [
        .. Columns.Where(column => written.Contains(column.Value, StringComparer.Ordinal)).Select(column => column.Key),
        .. written.Where(name => !Columns.ContainsKey(name) && InFile(name) is not null),
    ];
}
