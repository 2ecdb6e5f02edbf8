using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Preference optimization of a language model on comparisons, without a reward model and without a reference.</summary>
public sealed record CpoRecipe : OfflineRecipe<TokenComparisons>
{
    public CpoRecipe() => Run = new() { Output = "runs/cpo" };

    /// <summary>The algorithm.</summary>
    public CpoOptions Cpo { get; init; } = new();

    protected override TokenComparisons? Encode(Example example, TextEncoder encoder) => encoder.EncodeComparisons(example);

    protected override IObjective<TokenComparisons> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Cpo(policy, Cpo);
}
