using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model by online DPO, on pairs of its own responses.</summary>
public sealed record OnlineDpoRecipe : ComparisonRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("online-dpo")
    {
        NewRecipe = () => new OnlineDpoRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Maximise a reward with DPO on pairs of the model's own responses",
        Example =
            "attune online-dpo model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "updates.samplesPerPrompt",
            "sampling.maxNewTokens", "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "Online DPO",
        ReportLead =
            "The policy sampled several responses to each prompt; the best of them was made more likely than the worst, measured against "
            + "the reference.",
        Metrics = CommonMetrics.OfSampledPairs,
    };

    public OnlineDpoRecipe()
    {
        Run = new() { Output = "runs/online-dpo" };
        Training = new() { BatchSize = 16 };
        Updates = new() { SamplesPerPrompt = 2 };
    }

    /// <summary>The loss.</summary>
    public OnlineDpoOptions OnlineDpo { get; init; } = new();

    protected override bool HasOpponent => false;

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext).Concat(ValidateLoss(OnlineDpo, nameof(OnlineDpo))))
            yield return result;
        if (Updates.SamplesPerPrompt < 2)
            yield return Validation.Broken(
                Updates.SamplesPerPrompt, "must be at least 2: the best response to a prompt is compared with the worst");
    }

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.OnlineDpo(OnlineDpo, kl!);
}
