using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model by REINFORCE++ or ReMax: policy gradient with a clipped ratio, without a critic.</summary>
public sealed record ReinforceRecipe : OnPolicyRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("reinforce")
    {
        NewRecipe = () => new ReinforceRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Maximise a reward with REINFORCE++ or ReMax",
        Example =
            "attune reinforce model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "reinforce.baseline", "sampling.maxNewTokens",
            "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "REINFORCE",
        ReportLead =
            "The policy sampled responses to prompts, and those that scored above the baseline were made more likely, with a penalty on "
            + "the KL from the reference.",
        Metrics = [CommonMetrics.PolicyGradientLoss],
    };

    public ReinforceRecipe()
    {
        Run = new() { Output = "runs/reinforce" };
        Optimizer = Optimizer with { LearningRate = 1e-6 };
    }

    /// <summary>The algorithm.</summary>
    public ReinforceOptions Reinforce { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Reinforce.Baseline == ReinforceBaseline.Group && Updates.SamplesPerPrompt < 2)
            yield return Validation.Broken(
                Updates.SamplesPerPrompt, "must be at least 2 with reinforce.baseline group: a response is compared with the others");
        if (Reinforce.Baseline == ReinforceBaseline.Greedy
            && (Scores.Scaling != ScoreScaling.None || AllRewards.Any(reward => reward.Scaling != ScoreScaling.None)))
            yield return Validation.Broken(
                Reinforce.Baseline, "must not be greedy with scaled scores: those of sampled and of greedy responses must be comparable");
        if (Reinforce.Baseline == ReinforceBaseline.Greedy && ComparesResponses(AllRewards))
            yield return Validation.Broken(
                Reinforce.Baseline,
                "must not be greedy with rewards that compare responses (`compare: true`): the greedy response is scored by itself");
        if (Reinforce.Baseline == ReinforceBaseline.Greedy && Rollout.MaxStaleness > 0)
            yield return Validation.Broken(
                Reinforce.Baseline,
                "must not be greedy with rollout.maxStaleness: greedy responses are those of the weights that are trained");
    }

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Reinforce(Reinforce, kl);
}
