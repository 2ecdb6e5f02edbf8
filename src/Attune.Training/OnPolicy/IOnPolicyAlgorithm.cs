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

    /// <summary>It does not; the next update of the step is tried.</summary>
    Skip,

    /// <summary>It does not, and the rest of the step's updates are left out.</summary>
    Stop,
}

/// <summary>An algorithm that learns from responses which the policy samples while it learns.</summary>
public interface IOnPolicyAlgorithm
{
    /// <summary>Whether <see cref="Compute"/> needs the entropy of the policy.</summary>
    bool NeedsEntropy => false;

    /// <summary>What the run must remember of the algorithm, such as running moments.</summary>
    IEnumerable<(string Name, IRunState State)> States => [];

    /// <summary>Called once with all prompts, before the first step.</summary>
    void Prepare(IReadOnlyList<TokenPrompt> prompts)
    {
    }

    /// <summary>Turns scores into advantages.</summary>
    /// <param name="rollouts">B responses.</param>
    /// <param name="scores">Of the responses or of their tokens, after the score pipeline.</param>
    /// <param name="step">Where figures are logged.</param>
    Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step);

    /// <summary>How many tokens, or responses, the loss of a minibatch is the mean of.</summary>
    double Count(Rollouts minibatch) => minibatch.TokenCount;

    /// <summary>The share that some responses have in the loss of a minibatch whose <see cref="Count"/> is given.</summary>
    Loss Compute(Experience experience, Analysis analysis, double count);

    /// <summary>What happens to an update with these numbers.</summary>
    UpdateAction CheckUpdate(LossTotals totals) => UpdateAction.Apply;

    /// <summary>Called after the updates of a step, counted from 1.</summary>
    void AfterUpdate(int step)
    {
    }

    /// <summary>The numbers of a step that matter most, as a short text.</summary>
    string Summarize(IReadOnlyDictionary<string, double> metrics);
}
