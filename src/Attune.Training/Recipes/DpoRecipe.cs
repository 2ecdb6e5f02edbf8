using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Reporting.Reports;
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
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("dpo")
    {
        NewRecipe = () => new DpoRecipe(),
        Reads = DataUse.Comparisons,
        Summary = "Fine-tune on comparisons, without a reward model",
        Example = "attune dpo model=runs/quickstart/2-sft/model data.train=data/frontdesk/pairs.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "dpo.beta", "parameters.lora.rank", "training.epochs", "training.batchSize",
            "training.microBatchSize", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "DPO",
        ReportLead = "The model was trained on comparisons to make chosen responses more likely than rejected ones.",
        Metrics =
        [
            new("loss", "DPO loss", "",
                "The loss of `dpo.loss`. Of the sigmoid loss it is −log of the probability that the implicit reward gives to the "
                    + "annotators' choice, and 0.69 is guessing. Healthy: both curves fall. When the held-out curve rises again, the "
                    + "model overfits."),
            .. DpoLosses.All.Keys.Select(DpoLosses.NameOf).Select(name => new Metric($"loss/{name}", $"Loss: {name}", "",
                "One of the losses that are added, without its weight. Healthy: it falls.") { Place = ChartPlace.Folded }),
            CommonMetrics.LogprobOfChosen("nats a response"), CommonMetrics.LogprobOfRejected("nats a response"),
        ],
    };

    public DpoRecipe() => Run = new() { Output = "runs/dpo" };

    /// <summary>What log-ratios are measured from.</summary>
    public ReferenceOptions Reference { get; init; } = new();

    /// <summary>The algorithm.</summary>
    public DpoOptions Dpo { get; init; } = new();

    public override bool CanSplitUpdates => !Dpo.ComparesPairs;

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
