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
