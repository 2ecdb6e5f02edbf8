using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.OnPolicy;

/// <summary>An algorithm that updates the policy by itself, once a step; the optimizer then trains the critic only.</summary>
public interface IPolicyUpdate : IOnPolicyAlgorithm
{
    /// <summary>Updates the policy, before the updates of the critic.</summary>
    /// <param name="experience">The responses of the step.</param>
    /// <param name="batches">Splits them into micro-batches.</param>
    /// <param name="step">The step that metrics are logged to.</param>
    void UpdatePolicy(Experience experience, ResponseBatches batches, TrainingStep step);
}
