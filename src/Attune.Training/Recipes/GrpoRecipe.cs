using Attune.Data;
using Attune.Reporting.Reports;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Parameters;
using Attune.Training.Policies;
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
        Metrics =
        [
            new("loss", "Loss", "",
                "The policy loss, and the KL where it is penalised. It is near 0 by construction and has no target level.")
            {
                Place = ChartPlace.Folded,
            },
            new("grpo/groups_without_signal", "Groups without signal", "%",
                "Prompts whose responses all have the same score: nothing is learned from them. Healthy: below 50 %.")
            {
                Place = ChartPlace.Folded,
            },
        ],
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
        new Algorithms.Grpo(Grpo, kl);
}
