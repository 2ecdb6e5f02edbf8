using Attune.Training.Policies;

namespace Attune.Cli.Bench;

/// <summary>Options of a benchmark.</summary>
sealed record BenchmarkOptions
{
    /// <summary>One of <see cref="Benchmark.Jobs"/>.</summary>
    public required string Job { get; init; }

    public required BenchmarkPreset Preset { get; init; }

    /// <summary>Steps to measure, after one warm-up step.</summary>
    public int Steps { get; init; } = 3;

    /// <summary>Threads of one operator on a CPU (run.threads); 0 leaves the choice to the program.</summary>
    public int Threads { get; init; }

    /// <summary>Micro-batches that are processed in parallel (training.workers); 0 leaves the choice to the program.</summary>
    public int Workers { get; init; }

    /// <summary>
    /// Examples of a forward pass (training.microBatchSize); 0 for the whole batch, null leaves the choice to the program.
    /// </summary>
    public int? MicroBatchSize { get; init; }

    /// <summary>auto, cpu or cuda.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The data type of matrix products; empty for the preset's.</summary>
    public string Dtype { get; init; } = "";

    /// <summary>The critic of ppo: a head on the policy, or a separate model that starts as the reward model.</summary>
    public CriticKind Critic { get; init; }

    /// <summary>Whether each operator is timed, which slows the steps a little.</summary>
    public bool Profile { get; init; }
}
