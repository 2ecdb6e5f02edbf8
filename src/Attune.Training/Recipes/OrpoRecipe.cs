using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Fine-tuning of a language model on the chosen responses of comparisons, with a penalty on the rejected ones.</summary>
public sealed record OrpoRecipe : OfflineRecipe<TokenComparisons>
{
    public OrpoRecipe() => Run = new() { Output = "runs/orpo" };

    /// <summary>The algorithm.</summary>
    public OrpoOptions Orpo { get; init; } = new();

    protected override TokenComparisons? Encode(Example example, TextEncoder encoder) => encoder.EncodeComparisons(example);

    protected override IObjective<TokenComparisons> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Orpo(policy, Orpo);
}
