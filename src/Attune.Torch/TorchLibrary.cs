using System.Runtime.InteropServices;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>The libtorch that was loaded: its version, threads and memory.</summary>
public static unsafe class TorchLibrary
{
    /// <summary>Loads the native library and libtorch now, where they would else be loaded on first use. Builds the native library if needed.</summary>
    /// <exception cref="DllNotFoundException">One of them is missing; the message says what to install.</exception>
    public static void Load() => NativeFile.Load();

    public static string Version => Marshal.PtrToStringUTF8((nint)Native.attune_torch_version())!;

    /// <summary>How libtorch was built, in its own words: compiler, BLAS, instruction sets.</summary>
    public static string Build => Marshal.PtrToStringUTF8((nint)Native.attune_torch_build())!;

    /// <summary>Threads that one operator uses on the CPU. Starts at the number of processors. The same number gives the same bits.</summary>
    public static int Threads
    {
        get => Native.attune_threads();
        set => Native.Check(Native.attune_set_threads(value));
    }

    /// <summary>Bytes that CPU tensors hold now, saved activations included.</summary>
    public static long LiveBytes => Native.attune_live_bytes();

    /// <summary>The most bytes that CPU tensors held since the start or the last <see cref="ResetPeakBytes"/>.</summary>
    public static long PeakBytes => Native.attune_peak_bytes();

    /// <summary>Managed tensors that have not been freed.</summary>
    public static long LiveTensors => Tensor.Live;

    /// <summary>How often elements were brought into managed memory, for which a GPU has to be waited for.</summary>
    public static long HostReads => Tensor.HostReads;

    public static void ResetPeakBytes() => Native.attune_reset_peak_bytes();

    /// <summary>Names of operators that Attune needs and this libtorch lacks; empty when all is well.</summary>
    public static IReadOnlyList<string> MissingOperators() =>
        [.. Aten.Required.Where(row => !row.Exists).Select(row => $"aten::{row.Name}")];
}
