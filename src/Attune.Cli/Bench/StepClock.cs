using System.Diagnostics;
using Attune.Torch;
using Attune.Training.Runs;

namespace Attune.Cli.Bench;

/// <summary>The cost of a step.</summary>
/// <param name="Seconds">Elapsed time.</param>
/// <param name="CpuSeconds">Processor time of all threads of the process.</param>
/// <param name="PageFaults">Minor page faults.</param>
/// <param name="ResidentBytes">Resident memory after the step.</param>
/// <param name="Metrics">The metrics that the step logged.</param>
sealed record StepTime(double Seconds, double CpuSeconds, long PageFaults, long ResidentBytes, IReadOnlyDictionary<string, double> Metrics);

/// <summary>Operations of a large matrix product per second of elapsed time and of processor time.</summary>
sealed record ProductSpeed(double PerSecond, double PerCpuSecond);

/// <summary>
/// Times the steps of a run as its display. Measures a matrix product after each step, so that both see the same load of the machine, and
/// stops the run after the last step to measure.
/// </summary>
sealed class StepClock(int steps, Device device, DType dtype) : IRunDisplay
{
    /// <summary>Ends the run; its result is not needed.</summary>
    public sealed class EnoughException : Exception;

    const int ProductsMeasured = 12;

    readonly List<StepTime> times = [];
    readonly List<ProductSpeed> products = [];
    long start;
    TimeSpan cpuStart;
    long faultStart;

    /// <summary>Micro-batches that the run processes in parallel; the matrix product uses at least as many threads.</summary>
    public int Workers { get; set; } = 1;

    /// <summary>Called after the warm-up step.</summary>
    public Action OnWarm { get; init; } = () => { };

    public bool IsEnough => times.Count > steps;

    /// <summary>The steps after the warm-up step.</summary>
    public IReadOnlyList<StepTime> Times => times[1..];

    public IReadOnlyList<ProductSpeed> Products => products;

    public void Begin(string title, int step, int totalSteps)
    {
        MeasureProduct();
        products.Clear();
        Start();
    }

    public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary)
    {
        Record(metrics);
        if (IsEnough)
            throw new EnoughException();
    }

    public void Notice(string text) => Console.Error.WriteLine(text);

    public void End(string text)
    {
    }

    public void Record(IReadOnlyDictionary<string, double> metrics)
    {
        device.Synchronize();
        times.Add(new(
            Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpuStart).TotalSeconds,
            ProcessMemory.PageFaults - faultStart, ProcessMemory.ResidentBytes, metrics.ToDictionary(StringComparer.Ordinal)));
        if (products.Count < ProductsMeasured)
            MeasureProduct();
        if (times.Count == 1)
            OnWarm();
        Start();
    }

    void Start() => (start, cpuStart, faultStart) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, ProcessMemory.PageFaults);

    void MeasureProduct()
    {
        var size = device.Type == DeviceType.Cpu ? 1024 : 8192;
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        using var random = new RandomSource(1, device);
        var a = Tensor.Normal([size, size], 0, 1, random).To(dtype);
        var b = Tensor.Normal([size, size], 0, 1, random).To(dtype);
        var threads = TorchLibrary.Threads;
        TorchLibrary.Threads = Math.Max(threads, Workers);
        device.Synchronize();
        Start();
        for (var i = 0; i < 4; i++)
            a.Linear(b).Dispose();
        device.Synchronize();
        TorchLibrary.Threads = threads;
        var operations = 4 * 2.0 * size * size * size;
        products.Add(new(
            operations / Stopwatch.GetElapsedTime(start).TotalSeconds,
            operations / (Environment.CpuUsage.TotalTime - cpuStart).TotalSeconds));
    }
}
