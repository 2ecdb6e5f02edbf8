namespace Attune.Training.Policies;

/// <summary>Compares sequences by their tokens.</summary>
public sealed class TokenSequenceComparer : IEqualityComparer<int[]>
{
    public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(int[] tokens)
    {
        var hash = new HashCode();
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tokens.AsSpan()));
        return hash.ToHashCode();
    }
}
