using System.ComponentModel.DataAnnotations;
using Attune.Training.Options;

namespace Attune.Training.Policies;

/// <summary>The kinds of critics.</summary>
public enum CriticKind
{
    /// <summary>A head on the policy's last hidden states.</summary>
    Head,

    /// <summary>Separate top layers on the policy's lower layers.</summary>
    Branch,

    /// <summary>A separate model, initialised as a reward model.</summary>
    Model,
}

/// <summary>Options of the critic.</summary>
public sealed record CriticOptions : IValidatableObject
{
    /// <summary>head (on the policy's last hidden states), branch (separate top layers) or model (a separate model).</summary>
    public CriticKind Kind { get; init; }

    /// <summary>How many top layers of a branch are separate.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Layers { get; init; } = 2;

    /// <summary>A folder with the reward model that a separate model is initialised as; empty for rewardModel.</summary>
    [ExistingPath(IsModel = true)]
    public string Model { get; init; } = "";

    /// <summary>Steps at the start in which only the critic is trained.</summary>
    [Range(0, double.PositiveInfinity)]
    public int WarmupSteps { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Kind != CriticKind.Model && Model.Length > 0)
            yield return new("must be empty where kind is not model", [nameof(Model)]);
    }
}
