using Attune.Data;
using Attune.Training.Batches;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.OnPolicy;

/// <summary>What happens to an update whose gradients have been computed.</summary>
public enum UpdateAction
{
    /// <summary>The optimizer steps.</summary>
    Apply,

    /// <summary>The optimizer does not step; the step continues with the next update.</summary>
    Skip,

    /// <summary>The optimizer does not step, and the remaining updates of the step are skipped.</summary>
    Stop,
}

/// <summary>An algorithm that trains a policy on responses that the policy samples.</summary>
public interface IOnPolicyAlgorithm
{
    /// <summary>Whether <see cref="Compute"/> needs the entropy of the policy.</summary>
    bool NeedsEntropy => false;

    /// <summary>Whether <see cref="Estimate"/> needs the entropy of the policy that sampled (<see cref="Rollouts.Entropy"/>).</summary>
    bool NeedsSampledEntropy => false;

    /// <summary>Whether <see cref="Estimate"/> needs scores of the most likely responses (<see cref="Rollouts.GreedyScores"/>).</summary>
    bool NeedsGreedyScores => false;

    /// <summary>
    /// How many adjacent rows of an experience stay together in updates and micro-batches, as one example: 2 for pairs.
    /// </summary>
    int UnitSize => 1;

    /// <summary>
    /// Given the reference, the policy that samples one more response to each prompt, which those of the policy are compared with; null
    /// for none.
    /// </summary>
    Func<Policy, Policy>? Opponent => null;

    /// <summary>The frozen model that the policy learns from; evaluations measure the KL from it. Null for none.</summary>
    Policy? Teacher => null;

    /// <summary>State of the algorithm that is part of every checkpoint, such as running moments.</summary>
    IEnumerable<(string Name, IRunState State)> States => [];

    /// <summary>Called once with all prompts, before the first step.</summary>
    void Prepare(IReadOnlyList<TokenPrompt> prompts)
    {
    }

    /// <summary>Turns scores into advantages.</summary>
    /// <param name="rollouts">B responses; those of an opponent are the last ones of each group.</param>
    /// <param name="scores">The scores of the responses or of their tokens, after the score pipeline.</param>
    /// <param name="step">The step that metrics are logged to.</param>
    Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step);

    /// <summary>The share of some responses in the loss of an update of this size.</summary>
    Loss Compute(Experience experience, Analysis analysis, UpdateSize size);

    /// <summary>Decides what happens to an update with these metrics.</summary>
    UpdateAction CheckUpdate(LossTotals totals) => UpdateAction.Apply;

    /// <summary>Called after an update that was applied, with its metrics.</summary>
    void AfterUpdate(LossTotals totals)
    {
    }

    /// <summary>Called after the updates of a step, which is numbered from 1.</summary>
    void AfterStep(int step)
    {
    }

    /// <summary>The most important metrics of a step, as a short text.</summary>
    string Summarize(IReadOnlyDictionary<string, double> metrics);
}
