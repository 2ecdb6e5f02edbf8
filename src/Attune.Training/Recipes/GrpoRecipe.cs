using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>
/// RL fine-tuning of a language model by GRPO: several responses to a prompt are compared with each other, without a critic.
/// </summary>
public sealed record GrpoRecipe : OnPolicyRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("grpo")
    {
        NewRecipe = () => new GrpoRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Maximise a reward with GRPO, which needs no critic",
        Example =
            "attune grpo model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "updates.samplesPerPrompt",
            "sampling.maxNewTokens", "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "GRPO",
        ReportLead =
            "The policy sampled several responses to each prompt, and those that scored above the others were made more likely.",
        Metrics = [CommonMetrics.PolicyGradientLoss],
    };

    public GrpoRecipe()
    {
        Run = new() { Output = "runs/grpo" };
        Training = new() { BatchSize = 16 };
        Updates = new() { SamplesPerPrompt = 8 };
        Kl = new() { Coef = 0, Estimator = Estimation.KlEstimator.K3, In = KlPlace.Loss };
        Optimizer = Optimizer with { LearningRate = 1e-6 };
    }

    /// <summary>The algorithm.</summary>
    public GrpoOptions Grpo { get; init; } = new();

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        NewGrpo(Grpo, kl, this, run);

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        [.. base.Validate(validationContext), .. Validate(Grpo, this)];

    /// <summary>The algorithm of a recipe with these options.</summary>
    internal static Algorithms.Grpo NewGrpo(GrpoOptions options, KlPenalty? kl, OnPolicyRecipe recipe, Run run) =>
        new(options, kl, run.Random)
    {
        MaxLength = recipe.ResponseRoom,
        MiniBatches = recipe.Updates.MiniBatches,
    };

    /// <summary>The rules of these options in a recipe.</summary>
    internal static IEnumerable<ValidationResult> Validate(GrpoOptions grpo, OnPolicyRecipe recipe)
    {
        if (grpo.UseBiasCorrectionKl && recipe.Kl is not { In: KlPlace.Loss, Coef: > 0 })
            yield return Broken(nameof(grpo.UseBiasCorrectionKl), "must be false unless kl.in is loss and kl.coef above 0");
        if (grpo.MultiObjectiveAggregation == RewardAggregation.SumThenNormalize)
            yield break;
        if (recipe.AllRewards.Count < 2)
            yield return Broken(
                nameof(grpo.MultiObjectiveAggregation), "must be sumThenNormalize with one reward: there is none to balance it with");
        if (recipe.Scores != new ScoreOptions())
            yield return Broken(
                nameof(grpo.MultiObjectiveAggregation),
                "must be sumThenNormalize with options of scores: they change the sum of the rewards");

        static ValidationResult Broken(string option, string rule) => new(rule, [$"{nameof(Grpo)}.{option}"]);
    }
}
