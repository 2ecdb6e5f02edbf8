using System.Globalization;
using System.Runtime.InteropServices;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>Calls and time of one operator while an <see cref="OperatorProfiler"/> was active.</summary>
/// <param name="Name">libtorch's name: an operator, or a node of the backward pass.</param>
/// <param name="Calls">Calls on all threads.</param>
/// <param name="Seconds">
/// CPU time of all calls, without the operators that they called. With one thread this is the whole cost on a CPU; on a GPU it is the
/// time to queue the work.
/// </param>
public sealed record OperatorTime(string Name, long Calls, double Seconds);

/// <summary>Measures the time of every operator until it is disposed.</summary>
public sealed unsafe class OperatorProfiler : IDisposable
{
    public OperatorProfiler() => Native.Check(Native.attune_profile(1));

    /// <summary>The operators, the slowest first; available after disposal.</summary>
    public IReadOnlyList<OperatorTime> Results { get; private set; } = [];

    public void Dispose()
    {
        Native.Check(Native.attune_profile(0));
        Results = [.. Marshal.PtrToStringUTF8((nint)Native.attune_profile_report())!
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t'))
            .Select(cells => new OperatorTime(cells[0], Number(cells[1]), Number(cells[2]) / 1e9))
            .OrderByDescending(row => row.Seconds)];
    }

    static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
