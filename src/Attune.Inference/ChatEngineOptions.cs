using Attune.Generation.Scheduling;

namespace Attune;

/// <summary>How a <see cref="ChatEngine"/> loads its model, and how much it does at a time.</summary>
public sealed record ChatEngineOptions
{
    /// <summary>auto (CUDA where there is one), cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>The type of the weights: float32, bfloat16, float16, or stored for that of the checkpoint.</summary>
    public string Dtype { get; init; } = "float32";

    /// <summary>The source of a chat template that replaces the model's own; null for that of the model.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The name of the model in responses and telemetry; null for the path of its folder as it was given.</summary>
    public string? Name { get; init; }

    /// <summary>How many responses are generated at the same time, and how many may wait.</summary>
    public SchedulerOptions Scheduling { get; init; } = new();
}
