namespace Attune.Text;

/// <summary>
/// A set of code points, stored as the sorted points where membership changes: [a, b, c] has a ≤ x &lt; b and every x ≥ c.
/// </summary>
sealed class CodePointSet
{
    public const int End = 0x110000;

    /// <summary>Groups of letters that differ only in case.</summary>
    static readonly Lazy<int[][]> Cased = new(() =>
    [
        .. Enumerable.Range(0, End)
            .Where(codePoint => Fold(codePoint) != codePoint)
            .GroupBy(Fold)
            .Select(group => group.Append(group.Key).ToArray()),
    ]);

    CodePointSet(int[] edges) => Edges = edges;

    public static CodePointSet Empty { get; } = new([]);

    public int[] Edges { get; }

    /// <summary>The code points from the first to the last, both included.</summary>
    public static CodePointSet Range(int first, int last) => new([first, last + 1]);

    public static CodePointSet Where(Func<int, bool> holds)
    {
        var edges = new List<int>();
        for (var codePoint = 0; codePoint < End; codePoint++)
            if (holds(codePoint) != (edges.Count % 2 == 1))
                edges.Add(codePoint);
        return new([.. edges]);
    }

    public bool Contains(int codePoint)
    {
        var index = Array.BinarySearch(Edges, codePoint);
        return (index >= 0 ? index + 1 : ~index) % 2 == 1;
    }

    public CodePointSet Complement() => new(Edges is [0, .. var rest] ? rest : [0, .. Edges]);

    public CodePointSet Union(CodePointSet other) => Combine(other, (a, b) => a || b);

    public CodePointSet Intersect(CodePointSet other) => Combine(other, (a, b) => a && b);

    CodePointSet Combine(CodePointSet other, Func<bool, bool, bool> holds)
    {
        var edges = new List<int>();
        foreach (var edge in Edges.Concat(other.Edges).Distinct().Order())
            if (holds(Contains(edge), other.Contains(edge)) != (edges.Count % 2 == 1))
                edges.Add(edge);
        return new([.. edges]);
    }

    /// <summary>The set, extended by letters that differ from its own only in case.</summary>
    public CodePointSet IgnoringCase() => Union(FromCodePoints(Cased.Value.Where(group => group.Any(Contains)).SelectMany(group => group)));

    static CodePointSet FromCodePoints(IEnumerable<int> codePoints)
    {
        var edges = new List<int>();
        foreach (var codePoint in codePoints.Distinct().Order())
        {
            if (edges.Count > 0 && edges[^1] == codePoint)
                edges.RemoveAt(edges.Count - 1);
            else
                edges.Add(codePoint);
            edges.Add(codePoint + 1);
        }
        return new([.. edges]);
    }

    /// <summary>Simple case folding, with additions for letters that .NET's invariant casing does not map.</summary>
    static int Fold(int codePoint) => codePoint switch
    {
        >= 0xD800 and < 0xE000 => codePoint,
        0x17F => 's',
        0x1E9E => 0xDF,
        0x2126 => 0x3C9,
        0x212A => 'k',
        0x212B => 0xE5,
        0x130 or 0x131 => codePoint,
        _ => System.Text.Rune.ToLowerInvariant(System.Text.Rune.ToUpperInvariant(new(codePoint))).Value,
    };
}
