using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Reporting.Reports;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model by Nash-MD, which learns to win comparisons.</summary>
public sealed record NashMdRecipe : ComparisonRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("nash-md")
    {
        NewRecipe = () => new NashMdRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Learn to win comparisons with Nash-MD, also where preferences are not transitive",
        Example =
            "attune nash-md model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "nashMd.mixtureCoef", "sampling.maxNewTokens",
            "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "Nash-MD",
        ReportLead =
            "A response of the policy was compared with one of the mixture of policy and reference, and made more likely where it won, "
            + "with a penalty on the KL from the reference.",
        Metrics =
        [
            CommonMetrics.OpponentScores("mixture"),
            new("rewards/probabilities", "Probability to win", "%",
                "How often the policy's response is better than the mixture's. Healthy: it rises above 50 % and levels off: the mixture "
                    + "follows the policy."),
            new("loss", "Loss", "", "The policy loss and the KL term. It has no target level.") { Place = ChartPlace.Folded },
            new("loss/score", "Weighted log-probability", "", "The mean of P − ½ times the log-probability of a response.")
            {
                Place = ChartPlace.Folded,
            },
            new("loss/kl", "KL in the loss", "nats a response", "The KL from the reference of the policy as it is at an update.")
            {
                Place = ChartPlace.Folded,
            },
        ],
    };

    public NashMdRecipe()
    {
        Run = new() { Output = "runs/nash-md" };
        Training = new() { BatchSize = 16 };
    }

    /// <summary>The other response of a comparison.</summary>
    public NashMdOptions NashMd { get; init; } = new();

    protected override bool HasOpponent => true;

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Updates.Epochs > 1)
            yield return Validation.Broken(Updates.Epochs, "must be 1: the gradient is that of the policy that sampled");
    }

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.NashMd(NashMd, policy, kl!);
}
