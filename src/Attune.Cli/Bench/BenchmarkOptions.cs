using Attune.Training.Policies;

namespace Attune.Cli.Bench;

/// <summary>What is measured, and how.</summary>
sealed record BenchmarkOptions
{
    /// <summary>ppo, sft, reward or generate.</summary>
    public required string Job { get; init; }

    public required BenchmarkPreset Preset { get; init; }

    /// <summary>Steps that are measured; one more comes before them.</summary>
    public int Steps { get; init; } = 3;

    /// <summary>Threads of one operator on a CPU; 0 for as many as there are processors.</summary>
    public int Threads { get; init; }

    /// <summary>As training.workers: micro-batches at once, a thread each.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>As training.microBatchSize.</summary>
    public int MicroBatchSize { get; init; }

    /// <summary>auto, cpu or cuda.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>What matrix products compute in; empty for the preset's.</summary>
    public string Dtype { get; init; } = "";

    /// <summary>Of ppo: a head on the policy, or a model of its own, which begins as the reward model.</summary>
    public CriticKind Critic { get; init; }

    /// <summary>Whether operators are timed too, which costs a little time itself.</summary>
    public bool Profile { get; init; }
}
