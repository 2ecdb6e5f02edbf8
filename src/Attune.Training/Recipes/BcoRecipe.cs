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
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("bco")
    {
        NewRecipe = () => new BcoRecipe(),
        Reads = DataUse.Labels,
        Summary = "Fine-tune on labelled responses, as a classifier of them",
        Example = "attune bco model=runs/quickstart/2-sft/model data.train=data/frontdesk/labels.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "bco.beta", "bco.matchPrompts", "training.epochs", "training.batchSize",
            "training.microBatchSize", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "BCO",
        ReportLead = "The model was trained on labels as a classifier whose logit is the reward of a response.",
        Metrics =
        [
            new("loss", "BCO loss", "nats",
                "−log of the probability that the implicit reward gives to the label; 0.69 is guessing. Healthy: both curves fall. "
                    + "When the held-out curve rises again, the model overfits."),
            CommonMetrics.LabelAccuracy,
            new("delta", "Mean reward", "",
                "δ, the mean of all rewards so far, which rewards are compared with. It follows the rewards slowly."),
        ],
    };

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
