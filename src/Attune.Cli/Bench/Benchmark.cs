using System.Text.Json.Nodes;
using Attune.Torch;
using Attune.Training.Batches;

namespace Attune.Cli.Bench;

/// <summary>
/// Measures the time of a step and compares it with the floor: the time of the arithmetic that the algorithm needs, at the speed of the
/// machine's large matrix products.
/// </summary>
static class Benchmark
{
    public static IReadOnlyList<string> Jobs { get; } = ["ppo", "grpo", "sft", "reward", "dpo", "generate"];

    /// <summary>Runs a benchmark. Times are medians over the steps; memory is in bytes.</summary>
    /// <returns>The results, and the time of each operator if <see cref="BenchmarkOptions.Profile"/> is set.</returns>
    public static (JsonObject Figures, IReadOnlyList<OperatorTime> Operators) Measure(BenchmarkOptions options)
    {
        var device = Device.Parse(options.Device);
        OperatorProfiler? operators = null;
        var dtype = DTypes.Parse(options.Dtype.Length > 0 ? options.Dtype : options.Preset.Dtype, device);
        var clock = new StepClock(options.Steps, device, dtype)
        {
            OnWarm = () => operators = options.Profile ? new() : null,
        };
        if (options.Threads > 0)
            TorchLibrary.Threads = options.Threads;
        var batches = BenchmarkJobs.Run(options, clock);
        operators?.Dispose();
        return (Figures(options, batches, device, dtype, clock), operators?.Results ?? []);
    }

    static JsonObject Figures(BenchmarkOptions options, BatchOptions batches, Device device, DType dtype, StepClock clock)
    {
        var operations = Arithmetic.ForStep(options);
        var seconds = Median(clock.Times.Select(time => time.Seconds));
        var cpuSeconds = Median(clock.Times.Select(time => time.CpuSeconds));
        var floor = operations / Median(clock.Products.Select(product => product.PerSecond));
        var cpuFloor = operations / Median(clock.Products.Select(product => product.PerCpuSecond));
        return new()
        {
            ["job"] = options.Job,
            ["preset"] = options.Preset.Name,
            ["critic"] = options.Job == "ppo" ? options.Critic.ToString().ToLowerInvariant() : null,
            ["device"] = device.ToString(),
            ["dtype"] = dtype.Name(),
            ["libtorch"] = TorchLibrary.Version,
            ["threads"] = TorchLibrary.Threads,
            ["workers"] = batches.Workers,
            ["micro_batch"] = batches.MicroBatchSize,
            ["micro_batch_tokens"] = batches.MicroBatchTokens,
            ["steps"] = clock.Times.Count,
            ["seconds_per_step"] = Round(seconds),
            ["tokens_per_second"] = Round(BenchmarkJobs.Tokens(options) / seconds),
            ["phases"] = Phases(clock.Times),
            ["gflop_per_step"] = Round(operations / 1e9),
            ["product_gflops"] = Round(operations / floor / 1e9),
            ["floor_seconds"] = Round(floor),
            ["times_floor"] = Round(seconds / floor),
            ["cpu_seconds_per_step"] = Round(cpuSeconds),
            ["cpu_floor_seconds"] = Round(cpuFloor),
            ["cpu_times_floor"] = Round(cpuSeconds / cpuFloor),
            ["peak_resident_bytes"] = ProcessMemory.PeakBytes,
            ["peak_tensor_bytes"] = TorchLibrary.PeakBytes,
            ["resident_bytes_at_tenths"] = new JsonArray([.. Tenths(clock.Times).Select(time => (JsonNode)time.ResidentBytes)]),
            ["page_faults_per_step"] = Median(clock.Times.Select(time => (double)time.PageFaults)),
        };
    }

    /// <summary>The seconds of each phase, from the metrics <c>time/…</c>.</summary>
    static JsonObject Phases(IReadOnlyList<StepTime> times) => new(times[0].Metrics.Keys
        .Where(name => name.StartsWith("time/", StringComparison.Ordinal))
        .Select(name => KeyValuePair.Create<string, JsonNode?>(
            name["time/".Length..], Round(Median(times.Select(time => time.Metrics[name]))))));

    /// <summary>The first step, the last one, and those at each tenth between them.</summary>
    static IEnumerable<StepTime> Tenths(IReadOnlyList<StepTime> times) =>
        Enumerable.Range(0, 11).Select(tenth => tenth * (times.Count - 1) / 10).Distinct().Select(at => times[at]);

    static double Median(IEnumerable<double> numbers) => numbers.Order().ToList() is var sorted ? sorted[sorted.Count / 2] : 0;

    /// <summary>Rounds to four significant digits.</summary>
    static double Round(double x) => double.Parse(x.ToString("G4"));
}
