using System.CommandLine;
using System.Diagnostics;
using Attune.Cli.Launch;
using Attune.Torch;

namespace Attune.Cli.Commands;

/// <summary>
/// <c>attune doctor</c>: libtorch, devices, speed and memory of this machine. Exit code 1 when something required is missing.
/// </summary>
static class DoctorCommand
{
    // The reference BLAS reaches 1 to 3 GFLOP/s on a core, an optimized one 30 or more.
    const double SlowGigaflops = 8;

    static readonly string[] BuildLines = ["GCC", "CPU capability", "CUDA Runtime"];

    public static Command Create()
    {
        var ranks = new Option<bool>("--ranks")
        {
            Description = "Check the connections of the processes of a launcher, and measure their speed",
        };
        var seconds = NumberOption.Create("--seconds", "With --ranks: also exchange tensors for this long", 0);
        var computing = NumberOption.Create("--compute", "With --ranks: then wait for this long without an exchange", 0);
        computing.Hidden = true;
        var command = new Command("doctor", "Check what this machine has for training, and what is missing") { ranks, seconds, computing };
        command.SetAction(parsed => parsed.GetValue(ranks)
            ? RankJob.Run(() => RankCheck.Run(parsed.GetValue(seconds), parsed.GetValue(computing)))
            : Examine());
        return CommandHelp.WithExample(command, "attune doctor");
    }

    static int Examine()
    {
        string[] missing;
        try
        {
            PrintRow("libtorch", $"{TorchLibrary.Version} ({BuildLine()})");
            missing = [.. TorchLibrary.MissingOperators()];
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException or TorchException)
        {
            PrintRow("libtorch", $"MISSING: {(error.InnerException ?? error).Message}");
            return CommandLine.Failed;
        }
        PrintRow("devices", Device.CudaCount == 0 ? "cpu" : $"cpu, {Device.CudaCount} × cuda");
        PrintRow("threads", $"{TorchLibrary.Threads} of {Environment.ProcessorCount} processors");
        PrintRow("BLAS", Blas());
        PrintRow("dtype", Types(Device.Cpu, 1024));
        if (Device.CudaCount > 0)
            PrintRow("cuda:0", Types(Device.Cuda(), 4096));
        PrintRow("memory", Memory());
        PrintRow("operators", missing.Length == 0 ? "all present" : $"MISSING: {string.Join(", ", missing)}");
        return missing.Length == 0 ? 0 : CommandLine.Failed;
    }

    static void PrintRow(string name, string value) => Console.Out.WriteLine($"{name,-10} {value}");

    static string BuildLine() => string.Join(", ", TorchLibrary.Build.Split('\n')
        .Select(line => line.Trim(' ', '-')).Where(line => BuildLines.Any(start => line.StartsWith(start, StringComparison.Ordinal))));

    static string Blas()
    {
        var speed = Gigaflops(Device.Cpu, 1024, DType.Float32);
        var library = LoadedBlas() ?? "built into libtorch";
        return speed >= SlowGigaflops
            ? $"{speed:F0} GFLOP/s in a float32 matrix product ({library})"
            : $"{speed:F1} GFLOP/s in a float32 matrix product ({library}). WARNING: this is the speed of the reference BLAS; "
                + "training will be many times slower. On Debian: apt-get install libopenblas0-openmp";
    }

    /// <summary>The path of the BLAS library that this process has loaded.</summary>
    static string? LoadedBlas() => File.Exists("/proc/self/maps")
        ? File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .FirstOrDefault(path =>
                path.Contains("blas", StringComparison.OrdinalIgnoreCase) || path.Contains("libmkl", StringComparison.Ordinal))
        : null;

    /// <summary>The speed of both types in matrix products of a linear layer, and which one <c>run.dtype: auto</c> is.</summary>
    static string Types(Device device, int size)
    {
        var (wide, narrow) = (Gigaflops(device, size, DType.Float32), Gigaflops(device, size, DType.BFloat16));
        var reason = $"the {(device == Device.Cpu ? "CPU" : "GPU")} has {(device.MultipliesBFloat16 ? "" : "no ")}instructions for it";
        var warning = device.MultipliesBFloat16 && narrow < wide ? ". WARNING: float32 is faster; train with run.dtype=float32" : "";
        return $"{wide:N0} GFLOP/s in float32, {narrow:N0} in bfloat16: {reason}; run.dtype auto is {device.FastestDType.Name()}{warning}";
    }

    static double Gigaflops(Device device, int size, DType dtype)
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(1, device);
        var (a, b) = (Matrix(), Matrix());
        var best = double.PositiveInfinity;
        for (var trial = 0; trial < 5; trial++)
        {
            using var inner = TensorScope.Open();
            var clock = Stopwatch.StartNew();
            a.Linear(b);
            device.Synchronize();
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        return 2.0 * size * size * size / best / 1e9;

        Tensor Matrix() => Tensor.Normal([size, size], 0, 1, random).To(dtype);
    }

    static string Memory()
    {
        const double Gibibyte = 1L << 30;
        var memory = MachineMemory.Read("/");
        var limited = memory.IsLimited ? " (the limit of this process's control group)" : "";
        return $"{memory.Total / Gibibyte:F1} GiB{limited}, {memory.Free / Gibibyte:F1} GiB free";
    }
}
