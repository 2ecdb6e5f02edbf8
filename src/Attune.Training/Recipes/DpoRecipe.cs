using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Preference optimization of a language model on comparisons, without a reward model.</summary>
public sealed record DpoRecipe : OfflineRecipe<TokenComparisons>
{
    public DpoRecipe() => Run = new() { Output = "runs/dpo" };

    /// <summary>What log-ratios are measured from.</summary>
    public ReferenceOptions Reference { get; init; } = new();

    /// <summary>The algorithm.</summary>
    public DpoOptions Dpo { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        [.. base.Validate(validationContext), .. Reference.Validate(Parameters), .. Rules()];

    protected override TokenComparisons? Encode(Example example, TextEncoder encoder) => encoder.EncodeComparisons(example);

    protected override IObjective<TokenComparisons> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Dpo(policy, Dpo.ReferenceFree ? null : NewReference(Reference, policy, trained, run), Dpo);

    IEnumerable<ValidationResult> Rules()
    {
        if (Dpo.ReferenceFree && Reference.Kind != ReferenceKind.Kept)
            yield return new("must be kept, the default, with `dpo.referenceFree`: there is no reference", ["Reference.Kind"]);
        if (Dpo.ComparesPairs && Training.SplitsBatches)
            yield return Validation.Broken(
                Training.MicroBatchSize,
                $"must be 0, and microBatchTokens too, with {DpoLosses.Names(row => row.ComparesPairs)}: these losses sort the pairs of a "
                    + "whole step");
    }
}
