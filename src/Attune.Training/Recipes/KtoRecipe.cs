using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Preference optimization of a language model on responses that are labelled good or bad, one by one.</summary>
public sealed record KtoRecipe : OfflineRecipe<TokenLabels>
{
    public KtoRecipe() => Run = new() { Output = "runs/kto" };

    /// <summary>What log-ratios are measured from.</summary>
    public ReferenceOptions Reference { get; init; } = new();

    /// <summary>The algorithm.</summary>
    public KtoOptions Kto { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        [.. base.Validate(validationContext), .. Reference.Validate(Parameters), .. ValidateBatch()];

    IEnumerable<ValidationResult> ValidateBatch()
    {
        if (Kto.Loss == KtoLoss.Kto && Training.BatchSize < 2)
            yield return Validation.Broken(
                Training.BatchSize, "must be at least 2 where kto.loss is kto: the KL is measured on prompts with each other's responses");
    }

    protected override TokenLabels? Encode(Example example, TextEncoder encoder) => encoder.EncodeLabels(example);

    protected override IObjective<TokenLabels> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Kto(policy, NewReference(Reference, policy, trained, run), Kto, run.Notice);
}
