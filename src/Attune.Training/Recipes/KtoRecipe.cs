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
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("kto")
    {
        NewRecipe = () => new KtoRecipe(),
        Reads = DataUse.Labels,
        Summary = "Fine-tune on responses that are labelled good or bad",
        Example = "attune kto model=runs/quickstart/2-sft/model data.train=data/frontdesk/labels.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "kto.beta", "kto.desirableWeight", "kto.undesirableWeight", "training.epochs",
            "training.batchSize", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "KTO",
        ReportLead = "The model was trained on labels to make good responses more likely and bad ones less likely.",
        Metrics =
        [
            new("loss", "KTO loss", "",
                "The mean of the weight times 1 − σ of how far a reward is on the right side; half the mean weight before training. "
                    + "Healthy: both curves fall. When the held-out curve rises again, the model overfits."),
            CommonMetrics.LabelAccuracy,
            new("kl_baseline", "KL of mismatched pairs", "nats",
                "The baseline that rewards are compared with: the mean log-ratio of prompts with other prompts' responses, at least 0. "
                    + "Healthy: it stays small."),
        ],
    };

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
