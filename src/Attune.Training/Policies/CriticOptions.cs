using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Policies;

/// <summary>Where values come from.</summary>
public enum CriticKind
{
    /// <summary>A head on the policy's last hidden states.</summary>
    Head,

    /// <summary>Top layers of its own over the policy's lower ones.</summary>
    Branch,

    /// <summary>A model of its own, which begins as a reward model.</summary>
    Model,
}

/// <summary>Who estimates returns.</summary>
public sealed record CriticOptions : IValidatableObject
{
    /// <summary>head (on the policy's last hidden states), branch (top layers of its own) or model (a model of its own).</summary>
    public CriticKind Kind { get; init; }

    /// <summary>Top layers that a branch has of its own.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Layers { get; init; } = 2;

    /// <summary>The reward model that a model of its own begins as; empty for rewardModel.</summary>
    public string Model { get; init; } = "";

    /// <summary>Steps at the start in which only the critic learns.</summary>
    [Range(0, double.PositiveInfinity)]
    public int WarmupSteps { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Kind != CriticKind.Model && Model.Length > 0)
            yield return new("must be empty unless kind is model", [nameof(Model)]);
    }
}
