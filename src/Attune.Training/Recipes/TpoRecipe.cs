using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Preference optimization of a language model on comparisons with a gold response.</summary>
public sealed record TpoRecipe : OfflineRecipe<TokenComparisons>
{
    public TpoRecipe()
    {
        Run = new() { Output = "runs/tpo" };
        Optimizer = Optimizer with { LearningRate = 5e-7 };
    }

    /// <summary>The algorithm.</summary>
    public TpoOptions Tpo { get; init; } = new();

    protected override TokenComparisons? Encode(Example example, TextEncoder encoder) =>
        encoder.EncodeComparisons(example, withReference: true);

    protected override IObjective<TokenComparisons> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Tpo(policy, Tpo);
}
