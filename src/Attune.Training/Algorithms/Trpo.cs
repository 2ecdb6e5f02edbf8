using System.ComponentModel.DataAnnotations;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>Options of TRPO.</summary>
public sealed record TrpoOptions : ReturnOptions
{
    /// <summary>δ: the largest mean KL of the policy after a step from that before it, in nats a token.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double TargetKl { get; init; } = 0.01;

    /// <summary>Steps of the conjugate gradient; each costs three forward passes and a backward pass.</summary>
    [Range(1, int.MaxValue)]
    public int CgMaxSteps { get; init; } = 15;

    /// <summary>Multiples of the identity that are added to the Fisher matrix; more makes a shorter step.</summary>
    [Range(0, double.PositiveInfinity)]
    public double CgDamping { get; init; } = 0.1;

    /// <summary>The factor of each further try of the line search.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double LineSearchShrinkingFactor { get; init; } = 0.8;

    /// <summary>Tries of the line search; if none succeeds, the policy stays as it was.</summary>
    [Range(1, int.MaxValue)]
    public int LineSearchMaxIter { get; init; } = 10;

    /// <summary>The Fisher matrix is computed on every n-th response; 1 for all.</summary>
    [Range(1, int.MaxValue)]
    public int SubSamplingFactor { get; init; } = 1;

    internal TrustRegionSettings Settings => new(TargetKl, CgMaxSteps, CgDamping, LineSearchShrinkingFactor, LineSearchMaxIter);
}

/// <summary>
/// Trust region policy optimization. Schulman et al. 2015, https://arxiv.org/abs/1502.05477, on tokens as in RL4LMs (Ramamurthy et al.
/// 2023, https://arxiv.org/abs/2210.01241): each step the policy takes one step of <see cref="TrustRegion"/> on all responses, and the
/// optimizer trains the critic only. Departure: the critic's loss does not train the layers that it shares with the policy.
/// </summary>
/// <param name="options">Advantages and the trust region.</param>
/// <param name="kl">The penalty on the KL from the reference, in the reward.</param>
/// <param name="policy">The policy that is trained.</param>
/// <param name="trained">Its trained parameters.</param>
public sealed class Trpo(TrpoOptions options, KlPenalty kl, Policy policy, TrainedParameters trained) : IPolicyUpdate
{
    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step) =>
        ActorCritic.Estimate(rollouts, scores, kl, options, step);

    public void UpdatePolicy(Experience experience, ResponseBatches batches, TrainingStep step)
    {
        using var scope = TensorScope.Open();
        int[] some = [.. Enumerable.Range(0, experience.Rollouts.Count).Where(row => row % options.SubSamplingFactor == 0)];
        var parts = Parts(experience);
        var region = new TrustRegion(
            new([.. trained.Named.Where(parameter => parameter.Value.Trainable).Select(parameter => parameter.Value.Value)]), parts,
            options.SubSamplingFactor == 1 ? parts : Parts(experience.Select(some)), options.Settings);
        var result = region.Step();
        step.Log("trpo/surrogate", result.After);
        step.Log("trpo/improvement", result.After - result.Before);
        step.Log("trpo/kl", result.Kl);
        step.Log("trpo/tries", result.Tries);
        step.Log("trpo/succeeded", result.Succeeded ? 1 : 0);

        IReadOnlyList<TrustRegionPart> Parts(Experience all) =>
            [.. RankWorkers.Share(batches.Split(all.Rollouts)).Select(rows => Part(all.Select(rows)))];
    }

    /// <summary>The loss of the critic.</summary>
    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size)
    {
        var loss = Masked.Reduce(
            ActorCritic.ValueLoss(analysis.Values!, experience.Rollouts.Values!, experience.Returns!, clipRange: 0), experience.Mask,
            size.Tokens);
        return new(loss, new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["loss/value"] = loss });
    }

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => ActorCritic.Summarize(metrics);

    TrustRegionPart Part(Experience experience)
    {
        var (rollouts, indices) = (experience.Rollouts, experience.Rollouts.TokenIndices);
        return new(
            () => policy.Distribution(rollouts).IndexSelect(0, indices), rollouts.FlatTokens, Flat(rollouts.Logprobs),
            Flat(rollouts.Weigh(experience.Advantages)));

        Tensor Flat(Tensor perToken) => perToken.Reshape(-1).IndexSelect(0, indices);
    }
}
