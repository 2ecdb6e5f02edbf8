using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Attune.Input;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>The loaded libtorch: its version, threads and memory.</summary>
public static unsafe class TorchLibrary
{
    /// <summary>
    /// Loads the native library and libtorch, which otherwise happens on first use. Builds the native library if needed.
    /// </summary>
    /// <exception cref="DllNotFoundException">One of them is missing; the message names what to install.</exception>
    public static void Load() => NativeFile.Load();

    /// <summary>
    /// Starts to load the native library and libtorch on another thread, which takes half a second. The task ends when they are loaded, or
    /// cannot be: then the first use fails. Does nothing where the native library must be built first.
    /// </summary>
    public static Task LoadInBackground()
    {
        if (NativeFile.Existing is not { } file)
            return Task.CompletedTask;
        FindNativeFunctions(file);
        return Task.Run(() => Version).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    /// <summary>
    /// Calls what a thread that reads files calls. While glibc loads a library it holds a lock, which .NET needs when it calls a native
    /// function for the first time: without this, the thread would wait until libtorch is loaded.
    /// </summary>
    static void FindNativeFunctions(string file)
    {
        Thread.GetCurrentProcessorId();
        RandomNumberGenerator.GetInt32(2);                       // parsing JSON needs it for hashes
        lock (new Lock())
        {
            var path = Path.Combine(Environment.CurrentDirectory, file);
            if (!Path.Exists(path) || Directory.Exists(path) || new FileInfo(path).Length == 0)
                return;
            using var stream = InputFile.Open(path);
            stream.ReadByte();
        }
    }

    public static string Version => Marshal.PtrToStringUTF8((nint)Native.attune_torch_version())!;

    /// <summary>How libtorch was built (compiler, BLAS, instruction sets), as libtorch reports it.</summary>
    public static string Build => Marshal.PtrToStringUTF8((nint)Native.attune_torch_build())!;

    /// <summary>
    /// Threads of one operator that this thread calls on the CPU; the number of processors by default. Results are the same bits for
    /// the same number of threads.
    /// </summary>
    public static int Threads
    {
        get => Native.attune_threads();
        set => Native.Check(Native.attune_set_threads(value));
    }

    /// <summary>Bytes of all CPU tensors, saved activations included.</summary>
    public static long LiveBytes => Native.attune_live_bytes();

    /// <summary>The peak of <see cref="LiveBytes"/> since the start or the last <see cref="ResetPeakBytes"/>.</summary>
    public static long PeakBytes => Native.attune_peak_bytes();

    /// <summary>Managed tensors that have not been freed.</summary>
    public static long LiveTensors => Tensor.Live;

    /// <summary>How often elements were copied to managed memory, each of which waits for a GPU.</summary>
    public static long HostReads => Tensor.HostReads;

    public static void ResetPeakBytes() => Native.attune_reset_peak_bytes();

    /// <summary>Operators that Attune requires and this libtorch does not have; empty if there are none.</summary>
    public static IReadOnlyList<string> MissingOperators() =>
        [.. Aten.Required.Where(row => !row.Exists).Select(row => $"aten::{row.Name}")];
}
