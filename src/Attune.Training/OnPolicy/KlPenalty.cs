using System.ComponentModel.DataAnnotations;
using Attune.Reporting.Charts;
using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.OnPolicy;

/// <summary>Where the KL penalty is applied.</summary>
public enum KlPlace
{
    /// <summary>In the reward of each token, so that the advantage of a token includes the KL of the tokens after it.</summary>
    Reward,

    /// <summary>In the loss, as a mean over tokens.</summary>
    Loss,
}

/// <summary>The penalty on the policy's KL divergence from the reference.</summary>
public sealed record KlOptions : IValidatableObject
{
    /// <summary>β: the coefficient of the penalty, in units of score per nat.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Coef { get; init; } = 0.05;

    /// <summary>
    /// k1 (log-ratio), abs, k2 (half its square), k3 (unbiased and positive) or full (over the whole vocabulary): what is penalised and
    /// logged.
    /// </summary>
    public KlEstimator Estimator { get; init; } = KlEstimator.K1;

    /// <summary>Where the penalty is applied: in the reward of each token, or in the loss.</summary>
    public KlPlace In { get; init; }

    /// <summary>
    /// How β changes: fixed, adaptive (Ziegler's controller, towards target nats a response) or rl4lms (towards target nats a token).
    /// </summary>
    public KlControl Controller { get; init; }

    /// <summary>The KL in nats that the controller adapts β to; null with a fixed β.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double? Target { get; init; }

    /// <summary>
    /// In this many responses an adaptive β changes by at most a fifth, which it does when KL is off its target by a fifth or more.
    /// </summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Horizon { get; init; } = 10_000;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Controller == KlControl.Fixed && Target is not null)
            yield return new("must be null with controller fixed", [nameof(Target)]);
        if (Controller != KlControl.Fixed && Target is null)
            yield return new("must be the KL in nats that controller adaptive or rl4lms adapts β to", [nameof(Target)]);
    }
}

/// <summary>β times the KL from a reference: how large it is at each token, and how β changes.</summary>
/// <param name="options">Coefficient, estimator and controller.</param>
public sealed class KlPenalty(KlOptions options) : IRunState
{
    readonly KlController controller = new(options.Coef, options.Controller, options.Target ?? 1, options.Horizon);
    readonly string estimator = options.Estimator.ToString().ToLowerInvariant();

    /// <summary>β.</summary>
    public double Coefficient => controller.Coefficient;

    public bool IsInReward => options.In == KlPlace.Reward;

    public bool IsInLoss => options.In == KlPlace.Loss;

    bool IsFull => options.Estimator == KlEstimator.Full;

    /// <summary>Adds the reference's log-probabilities and the KL in nats at each token to rollouts, before the first update.</summary>
    public Rollouts AddTo(Rollouts rollouts, Reference reference, Policy policy, ResponseBatches batches)
    {
        using var lease = reference.Use();
        var refLogprobs = batches.PerToken(rollouts, lease.Policy.Logprobs);                        // (B, T)
        return IsFull
            ? rollouts with { RefLogprobs = refLogprobs, Kl = FullKl(rollouts, policy, lease.Policy, batches) }
            : AddTo(rollouts, refLogprobs);
    }

    /// <summary>Adds log-probabilities (B, T) of the reference, and the KL that is estimated from them.</summary>
    public Rollouts AddTo(Rollouts rollouts, Tensor refLogprobs) => rollouts with
    {
        RefLogprobs = refLogprobs,
        Kl = Kl.Estimate(rollouts.Logprobs, refLogprobs, options.Estimator).MaskedFill(!rollouts.Mask, 0),
    };

    /// <summary>(B · T, V) log-probabilities of the reference, when the loss needs the KL of whole distributions; else null.</summary>
    public Tensor? DistributionForLoss(Rollouts rollouts, Reference reference)
    {
        if (!IsFull || !IsInLoss)
            return null;
        using var noGrad = Autograd.NoGrad();
        using var lease = reference.Use();
        return lease.Policy.Distribution(rollouts);
    }

    /// <summary>KL in nats at each token of the policy as it is now, with a gradient: (B, T), 0 at padding.</summary>
    public Tensor InLoss(Rollouts rollouts, Analysis analysis) =>
        (analysis.FullKl ?? Kl.Estimate(analysis.Logprobs, rollouts.RefLogprobs!, options.Estimator)).MaskedFill(!rollouts.Mask, 0);

    /// <summary>Logs KL and β of a step, and changes β unless it is fixed or the KL is not a finite number.</summary>
    /// <param name="rollouts">The responses of the step, with their KL.</param>
    /// <param name="scores">The scores of the reward source.</param>
    /// <param name="step">The step that they are logged to.</param>
    public void Update(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        var total = rollouts.Kl!.Sum().Item();
        var perResponse = total / rollouts.Count;
        step.Log("objective/kl", perResponse);
        step.Log($"objective/kl_{estimator}", perResponse);
        step.Log("objective/kl_coef", Coefficient);
        step.Log("objective/rlhf_reward", Advantages.Mean(scores.Totals) - Coefficient * perResponse);
        if (double.IsFinite(total))
            controller.Update(perResponse, total / rollouts.TokenCount, rollouts.Count);
    }

    /// <summary>Multiplies β by a factor.</summary>
    /// <returns>The new β.</returns>
    public double Raise(double factor) => controller.Raise(factor);

    /// <summary>KL as a short text.</summary>
    public static string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"KL {NumberFormat.Fixed(metrics["objective/kl"], 1)} nats";

    public void Save(StateWriter writer) => controller.Save(writer);

    public void Load(StateReader reader) => controller.Load(reader);

    /// <summary>(B, T): Σ π (log π − log π_ref) over the vocabulary.</summary>
    static Tensor FullKl(Rollouts rollouts, Policy policy, Policy reference, ResponseBatches batches) => batches.PerToken(
        rollouts, part => Kl.Full(policy.Distribution(part), reference.Distribution(part)).Reshape(part.Count, -1));
}
