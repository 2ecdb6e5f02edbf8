using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>
/// RL fine-tuning of a language model by RLOO: a response is compared with the mean of the other responses to its prompt, without a critic.
/// </summary>
public sealed record RlooRecipe : OnPolicyRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("rloo")
    {
        NewRecipe = () => new RlooRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Maximise a reward with RLOO, which needs no critic",
        Example =
            "attune rloo model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "updates.samplesPerPrompt",
            "sampling.maxNewTokens", "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "RLOO",
        ReportLead =
            "The policy sampled several responses to each prompt, and those that scored above the mean of the others were made more "
            + "likely, with a penalty on the KL from the reference.",
        Metrics = [CommonMetrics.PolicyGradientLoss],
    };

    public RlooRecipe()
    {
        Run = new() { Output = "runs/rloo" };
        Training = new() { BatchSize = 32 };
        Updates = new() { SamplesPerPrompt = 2 };
        Optimizer = Optimizer with { LearningRate = 1e-6 };
    }

    /// <summary>The algorithm.</summary>
    public RlooOptions Rloo { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Updates.SamplesPerPrompt < 2)
            yield return Validation.Broken(
                Updates.SamplesPerPrompt, "must be at least 2: a response is compared with the others to its prompt");
    }

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Rloo(Rloo, kl);
}
