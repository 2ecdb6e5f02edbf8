using Attune.Training.Batches;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.OnPolicy;

/// <summary>What becomes of an update whose gradients are there.</summary>
public enum Verdict
{
    /// <summary>The parameters move.</summary>
    Apply,

    /// <summary>They do not; the next update is tried.</summary>
    Skip,

    /// <summary>They do not, and the step has no more updates.</summary>
    Stop,
}

/// <summary>What an algorithm that learns from its own answers makes of them.</summary>
public interface IOnPolicyAlgorithm
{
    /// <summary>Times that the answers of a step are learned from.</summary>
    int Epochs { get; }

    /// <summary>Optimizer updates of each epoch.</summary>
    int MiniBatches { get; }

    /// <summary>Answers to each prompt.</summary>
    int SamplesPerPrompt { get; }

    /// <summary>Whether <see cref="Compute"/> needs the entropy of the policy.</summary>
    bool NeedsEntropy { get; }

    /// <summary>Whether <see cref="Estimate"/> needs the KL of whole distributions.</summary>
    bool NeedsFullKl { get; }

    /// <summary>Whether <see cref="Compute"/> needs it.</summary>
    bool LearnsFromFullKl { get; }

    /// <summary>What the run must remember of the algorithm: coefficients, running moments.</summary>
    IEnumerable<(string Name, IRunState State)> States { get; }

    /// <summary>Turns scores into advantages, and logs what was seen.</summary>
    /// <param name="rollouts">B responses, with what the reference says of them.</param>
    /// <param name="scores">Of responses or of their tokens, as they are learned from.</param>
    /// <param name="step">Where figures are logged; it has <c>objective/scores</c>.</param>
    Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step);

    /// <summary>The share that some responses have in the loss of a minibatch of <paramref name="tokenCount"/> response tokens.</summary>
    Loss Compute(Experience experience, Analysis analysis, double tokenCount);

    /// <summary>What becomes of an update with these figures.</summary>
    Verdict Judge(IReadOnlyDictionary<string, double> metrics);

    /// <summary>The numbers that matter, in words.</summary>
    string InWords(IReadOnlyDictionary<string, double> metrics);
}
