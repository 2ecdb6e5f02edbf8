using System.ComponentModel.DataAnnotations;
using Attune.Generation;
using Attune.Training.Batches;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.Algorithms;

/// <summary>Which tokens the mask policy keeps.</summary>
public enum NlpoMask
{
    /// <summary>Its nucleus: the most likely tokens with a total probability of topMask.</summary>
    LearnedTopP,

    /// <summary>Its topMask most likely tokens.</summary>
    LearnedTopK,
}

/// <summary>Options of NLPO's mask.</summary>
public sealed record NlpoOptions : IValidatableObject
{
    /// <summary>learnedTopP: the nucleus of the mask policy; or learnedTopK, its most likely tokens.</summary>
    public NlpoMask MaskType { get; init; }

    /// <summary>The probability of the nucleus, or with learnedTopK how many tokens are kept.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double TopMask { get; init; } = 0.9;

    /// <summary>The fewest tokens that are kept.</summary>
    [Range(1, int.MaxValue)]
    public int MinTokensToKeep { get; init; } = 100;

    /// <summary>Steps between two updates of the mask policy, which is a copy of the policy.</summary>
    [Range(1, int.MaxValue)]
    public int TargetUpdateIterations { get; init; } = 20;

    /// <summary>The filter of the mask policy's logits.</summary>
    internal ILogitsFilter Likely => MaskType == NlpoMask.LearnedTopP
        ? new TopPFilter(TopMask, MinTokensToKeep)
        : new TopKFilter((int)TopMask, MinTokensToKeep);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MaskType == NlpoMask.LearnedTopP && TopMask > 1)
            yield return new("must be at most 1 with maskType learnedTopP, where it is a probability", [nameof(TopMask)]);
        if (MaskType == NlpoMask.LearnedTopK && TopMask != Math.Floor(TopMask))
            yield return new("must be a whole number with maskType learnedTopK", [nameof(TopMask)]);
    }
}

/// <summary>
/// Natural language policy optimization. Ramamurthy et al. 2023, section 4.1, https://arxiv.org/abs/2210.01241: PPO whose policy, in
/// sampling and in training, leaves out tokens that an earlier copy of itself, the mask policy, finds unlikely. Departure: the copy is
/// updated after every N steps as in the paper; in RL4LMs sampling keeps the first copy.
/// </summary>
/// <param name="ppo">The algorithm under the mask.</param>
/// <param name="mask">The mask policy: a copy that is replaced by the policy after every N steps.</param>
public sealed class Nlpo(Ppo ppo, Reference mask) : IOnPolicyAlgorithm
{
    public bool NeedsEntropy => ppo.NeedsEntropy;

    public IEnumerable<(string Name, IRunState State)> States => [("mask", mask)];

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step) => ppo.Estimate(rollouts, scores, step);

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size) => ppo.Compute(experience, analysis, size);

    public UpdateAction CheckUpdate(LossTotals totals) => ppo.CheckUpdate(totals);

    public void AfterStep(int step) => mask.Sync(step);

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => ppo.Summarize(metrics);
}
