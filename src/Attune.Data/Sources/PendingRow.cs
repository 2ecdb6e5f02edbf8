namespace Attune.Data.Sources;

/// <summary>A row whose text was read but, where that takes time, not parsed.</summary>
/// <param name="Size">About how many bytes it has.</param>
/// <param name="Read">Parses it; may be called on another thread.</param>
readonly record struct PendingRow(int Size, Func<Row> Read)
{
    /// <summary>A row that was parsed.</summary>
    public static PendingRow From(Row row) => new(row.RawUtf8.Length, () => row);
}
