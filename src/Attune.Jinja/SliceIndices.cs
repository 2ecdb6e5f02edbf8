using System.Numerics;

namespace Attune.Jinja;

/// <summary>The positions of a slice [start:stop:step] in a sequence.</summary>
readonly record struct SliceIndices(int Start, int Step, int Count)
{
    public IEnumerable<int> Positions
    {
        get
        {
            for (var i = 0; i < Count; i++)
                yield return Start + i * Step;
        }
    }

    /// <summary>Python's slice.indices: negative positions count from the end, and positions outside are clamped.</summary>
    public static SliceIndices Resolve(int length, object? start, object? stop, object? step)
    {
        var stride = step is null ? 1 : Clamp(Whole(step), length + 1L);
        if (stride == 0)
            throw TemplateError.Create("slice step cannot be zero");
        var (lowest, highest) = stride > 0 ? (0, length) : (-1, length - 1);
        var from = start is null ? (stride > 0 ? lowest : highest) : Bound(Whole(start), length, lowest, highest);
        var to = stop is null ? (stride > 0 ? highest : lowest) : Bound(Whole(stop), length, lowest, highest);
        var count = stride > 0 ? (to - from + stride - 1) / stride : (from - to - stride - 1) / -stride;
        return new(from, stride, Math.Max(count, 0));
    }

    static BigInteger Whole(object value) => PythonArithmetic.AsWhole(value)
        ?? throw TemplateError.Create("slice indices must be integers or None or have an __index__ method");

    static int Clamp(BigInteger value, long most) => (int)BigInteger.Max(BigInteger.Min(value, most), -most);

    static int Bound(BigInteger position, int length, int lowest, int highest) =>
        (int)BigInteger.Max(lowest, BigInteger.Min(highest, position < 0 ? position + length : position));
}
