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

/// <summary>RL fine-tuning of a language model by TRPO.</summary>
public sealed record TrpoRecipe : ActorCriticRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("trpo")
    {
        NewRecipe = () => new TrpoRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Maximise a reward with TRPO",
        Example =
            "attune trpo model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "trpo.targetKl", "sampling.maxNewTokens",
            "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "TRPO",
        ReportLead =
            "The policy sampled responses to prompts, and took the step that raises the advantage most among those that change it little.",
        Metrics =
        [
            new("trpo/improvement", "Improvement of a step", "",
                "How much a step raised the mean advantage of the sampled tokens by its own estimate. Healthy: above 0.")
            {
                Place = ChartPlace.Folded,
            },
            new("trpo/kl", "KL of a step", "nats a token",
                "The mean KL of the policy after a step from that before it. Healthy: below trpo.targetKl, and not far below.")
            {
                Place = ChartPlace.Folded,
            },
            new("trpo/succeeded", "Steps that were taken", "%",
                "Whether the line search found a step that raises the advantage and keeps the KL; otherwise the policy stayed as it was. "
                + "Healthy: near 100 %.")
            {
                Place = ChartPlace.Folded,
            },
            new("trpo/tries", "Tries of the line search", "", "The number of step sizes that were tried. Healthy: few.")
            {
                Place = ChartPlace.Folded,
            },
            new("trpo/surrogate", "Advantage after a step", "",
                "The mean advantage of the sampled tokens, weighted by the ratio of the policy after and before the step.")
            {
                Place = ChartPlace.Folded,
            },
            new("loss", "Loss", "", "The value loss: the optimizer trains the critic only.") { Place = ChartPlace.Folded },
        ],
    };

    public override bool CanShardWeights => false;

    public TrpoRecipe()
    {
        Run = new() { Output = "runs/trpo" };
        Updates = new() { Epochs = 10 };
        Optimizer = Optimizer with { LearningRate = 1e-3 };
    }

    /// <summary>The algorithm.</summary>
    public TrpoOptions Trpo { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Kl.In == KlPlace.Loss)
            yield return Validation.Broken(Kl.In, "must be reward: the step is on advantages only");
        if (!Sampling.IsUntruncated || Sampling.ForbidsTokens)
            yield return Validation.Broken(
                Sampling.TopP, "must be 1, and other sampling options must not leave tokens out: whole distributions are compared");
    }

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Trpo(Trpo, kl!, policy, trained);
}
