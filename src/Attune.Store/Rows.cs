namespace Attune.Store;

/// <summary>The rows of a large result. <see cref="SqlDialect.Query"/> creates it.</summary>
abstract class Rows : IDisposable
{
    /// <summary>Reads the next row.</summary>
    /// <returns>False where there is none.</returns>
    public abstract bool Read();

    public abstract long Long(int column);

    public int Int(int column) => checked((int)Long(column));

    public int? IntOrNull(int column) => IsNull(column) ? null : Int(column);

    public abstract double Double(int column);

    public string Text(int column) => TextOrNull(column)!;

    public abstract string? TextOrNull(int column);

    public abstract bool IsNull(int column);

    public abstract void Dispose();
}
