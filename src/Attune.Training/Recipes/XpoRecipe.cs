using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Reporting.Reports;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model by XPO, on pairs of its own and the reference's responses.</summary>
public sealed record XpoRecipe : ComparisonRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("xpo")
    {
        NewRecipe = () => new XpoRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Maximise a reward with XPO, online DPO with exploration",
        Example =
            "attune xpo model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "xpo.alpha", "sampling.maxNewTokens",
            "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "XPO",
        ReportLead =
            "The policy and the reference sampled a response each to a prompt; the better one was made more likely than the other, and the "
            + "reference's was made less likely, so that the policy explores.",
        Metrics =
        [
            .. CommonMetrics.OfSampledPairs,
            CommonMetrics.OpponentScores("reference"),
            new("loss/dpo", "Loss of pairs", "", "The loss of `xpo.loss`. Healthy: it falls, or stays where both responses become better.")
            {
                Place = ChartPlace.Folded,
            },
            new("loss/xpo", "Exploration term", "", "α times the log-probability of the reference's responses. Healthy: it falls slowly.")
            {
                Place = ChartPlace.Folded,
            },
        ],
    };

    public XpoRecipe()
    {
        Run = new() { Output = "runs/xpo" };
        Training = new() { BatchSize = 16 };
    }

    /// <summary>The loss.</summary>
    public XpoOptions Xpo { get; init; } = new();

    protected override bool HasOpponent => true;

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        base.Validate(validationContext).Concat(ValidateLoss(Xpo, nameof(Xpo)));

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Xpo(Xpo, kl!);
}
