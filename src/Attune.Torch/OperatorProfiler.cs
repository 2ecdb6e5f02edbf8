using System.Globalization;
using System.Runtime.InteropServices;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>What an operator cost while <see cref="OperatorProfiler"/> were taken.</summary>
/// <param name="Name">As libtorch calls it: an operator, or a node of the backward pass.</param>
/// <param name="Calls">On all threads.</param>
/// <param name="Seconds">Of all calls, without the operators that they called: of the processor that made them, so with one thread all of it, and on a GPU what it takes to ask.</param>
public sealed record OperatorTime(string Name, long Calls, double Seconds);

/// <summary>Takes the time of every operator from its start until it is disposed of.</summary>
public sealed unsafe class OperatorProfiler : IDisposable
{
    public OperatorProfiler() => Native.Check(Native.attune_profile(1));

    /// <summary>The dearest first, once it is disposed of.</summary>
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
