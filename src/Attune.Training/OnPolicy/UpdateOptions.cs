using System.ComponentModel.DataAnnotations;

namespace Attune.Training.OnPolicy;

/// <summary>How many responses a step samples, and how many updates it makes on them.</summary>
public sealed record UpdateOptions
{
    /// <summary>Responses to each prompt of a step.</summary>
    [Range(1, int.MaxValue)]
    public int SamplesPerPrompt { get; init; } = 1;

    /// <summary>Passes over the responses of a step.</summary>
    [Range(1, int.MaxValue)]
    public int Epochs { get; init; } = 1;

    /// <summary>Optimizer updates of each pass; each takes a random share of the responses.</summary>
    [Range(1, int.MaxValue)]
    public int MiniBatches { get; init; } = 1;

    /// <summary>Updates of a step, if none is skipped.</summary>
    internal int Count => Epochs * MiniBatches;
}
