using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Training of a language model as a classifier of responses that are labelled good or bad, one by one.</summary>
public sealed record BcoRecipe : OfflineRecipe<TokenLabels>
{
    public BcoRecipe()
    {
        Run = new() { Output = "runs/bco" };
        Optimizer = Optimizer with { LearningRate = 5e-7 };
    }

    /// <summary>What log-ratios are measured from.</summary>
    public ReferenceOptions Reference { get; init; } = new();

    /// <summary>The algorithm.</summary>
    public BcoOptions Bco { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        [.. base.Validate(validationContext), .. Reference.Validate(Parameters)];

    protected override TokenLabels? Encode(Example example, TextEncoder encoder) => encoder.EncodeLabels(example);

    protected override IObjective<TokenLabels> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Bco(policy, NewReference(Reference, policy, trained, run), Bco, run.Seed);
}
