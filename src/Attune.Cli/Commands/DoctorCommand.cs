using System.CommandLine;
using System.Diagnostics;
using Attune.Torch;

namespace Attune.Cli.Commands;

/// <summary><c>attune doctor</c>: what this machine has for training, measured; exit code 1 when something needed is missing.</summary>
static class DoctorCommand
{
    // A naive matrix product reaches 1 to 3 GFLOP/s a core, a tuned one 30 and more.
    const double SlowGigaflops = 8;

    public static Command Create()
    {
        var command = new Command("doctor", "Say what this machine offers for training, and what is missing");
        command.SetAction(_ => Examine());
        return CommandHelp.WithExample(command, "attune doctor");
    }

    static int Examine()
    {
        string[] missing;
        try
        {
            Say("libtorch", $"{TorchLibrary.Version} ({BuildLine()})");
            missing = [.. TorchLibrary.MissingOperators()];
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException or TorchException)
        {
            Say("libtorch", $"MISSING: {(error.InnerException ?? error).Message}");
            return CommandLine.Failed;
        }
        Say("devices", Device.CudaCount == 0 ? "cpu" : $"cpu, {Device.CudaCount} × cuda");
        Say("threads", $"{TorchLibrary.Threads} of {Environment.ProcessorCount} processors");
        Say("BLAS", Blas());
        if (Device.CudaCount > 0)
            Say("cuda:0", $"{Gigaflops(Device.Cuda(), 4096):N0} GFLOP/s in a float32 matrix product");
        Say("memory", Memory());
        Say("operators", missing.Length == 0 ? "all there" : $"MISSING: {string.Join(", ", missing)}");
        return missing.Length == 0 ? 0 : CommandLine.Failed;
    }

    static void Say(string what, string found) => Console.Out.WriteLine($"{what,-10} {found}");

    static string BuildLine() => string.Join(", ", TorchLibrary.Build.Split('\n')
        .Select(line => line.Trim(' ', '-')).Where(line => line.StartsWith("GCC", StringComparison.Ordinal) || line.StartsWith("CPU capability", StringComparison.Ordinal) || line.StartsWith("CUDA Runtime", StringComparison.Ordinal)));

    static string Blas()
    {
        var speed = Gigaflops(Device.Cpu, 1024);
        var library = LoadedBlas() ?? "built into libtorch";
        return speed >= SlowGigaflops
            ? $"{speed:F0} GFLOP/s in a float32 matrix product ({library})"
            : $"{speed:F1} GFLOP/s in a float32 matrix product ({library}). WARNING: this is as slow as the reference BLAS; training will take many times longer. "
                + "On Debian: apt-get install libopenblas0-openmp";
    }

    /// <summary>The file of the BLAS that this process has mapped.</summary>
    static string? LoadedBlas() => File.Exists("/proc/self/maps")
        ? File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .FirstOrDefault(path => path.Contains("blas", StringComparison.OrdinalIgnoreCase) || path.Contains("libmkl", StringComparison.Ordinal))
        : null;

    static double Gigaflops(Device device, int size)
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(1, device);
        var (a, b) = (Tensor.Normal([size, size], 0, 1, random), Tensor.Normal([size, size], 0, 1, random));
        var best = double.PositiveInfinity;
        for (var trial = 0; trial < 5; trial++)
        {
            using var inner = TensorScope.Open();
            var clock = Stopwatch.StartNew();
            a.MatMul(b);
            device.Synchronize();
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        return 2.0 * size * size * size / best / 1e9;
    }

    static string Memory()
    {
        var memory = GC.GetGCMemoryInfo();
        return $"{memory.TotalAvailableMemoryBytes / (double)(1L << 30):F1} GiB, {(memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes) / (double)(1L << 30):F1} GiB free";
    }
}
