using Attune.Data;
using Attune.Reporting.Reports;

namespace Attune.Training.Recipes;

/// <summary>A training method: its description, and how to create a recipe with its defaults.</summary>
public sealed record TrainingMethod(string Name) : MethodDescription(Name)
{
    public required Func<IRecipe> NewRecipe { get; init; }

    public required override IReadOnlyList<string> MainKeys { get; init; }

    public required override DataUse Reads { get; init; }
}
