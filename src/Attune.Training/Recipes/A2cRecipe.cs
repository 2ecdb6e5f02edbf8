using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Optimizers;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>RL fine-tuning of a language model by A2C.</summary>
public sealed record A2cRecipe : ActorCriticRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("a2c")
    {
        NewRecipe = () => new A2cRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Maximise a reward with A2C",
        Example =
            "attune a2c model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "a2c.gaeLambda", "sampling.maxNewTokens",
            "kl.coef", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "A2C",
        ReportLead =
            "The policy sampled responses to prompts, and those that scored above the critic's estimate were made more likely, with a "
            + "penalty on the KL from the reference.",
        Metrics = [CommonMetrics.TotalLoss],
    };

    public A2cRecipe()
    {
        Run = new() { Output = "runs/a2c" };
        Optimizer = Optimizer with { Kind = OptimizerKind.RmsProp, Beta2 = 0.99, Epsilon = 1e-5 };
    }

    /// <summary>The algorithm.</summary>
    public A2cOptions A2c { get; init; } = new();

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        if (Updates.Count > 1)
            yield return Validation.Broken(
                Updates.Epochs, "must be 1, as must updates.miniBatches: after an update the responses are no longer the policy's own");
    }

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.A2c(A2c, kl!);
}
