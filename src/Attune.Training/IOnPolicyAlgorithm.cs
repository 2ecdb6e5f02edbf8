using Attune.Torch;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training;

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

    /// <summary>What the run must remember of the algorithm: coefficients, running moments.</summary>
    IEnumerable<(string Name, IRunState State)> States { get; }

    /// <summary>Turns scores into advantages, and logs what was seen.</summary>
    /// <param name="rollouts">B responses.</param>
    /// <param name="scores">Of responses or of their tokens, as they are learned from.</param>
    /// <param name="refLogprobs">(B, T) of the same tokens under the reference.</param>
    /// <param name="step">Where figures are logged.</param>
    Experience Estimate(Rollouts rollouts, Scores scores, Tensor refLogprobs, TrainingStep step);

    /// <summary>The share that some responses have in the loss of a minibatch of <paramref name="tokenCount"/> response tokens.</summary>
    Loss Compute(Experience experience, Analysis analysis, double tokenCount);

    /// <summary>The numbers that matter, in words.</summary>
    string InWords(IReadOnlyDictionary<string, double> metrics);
}
