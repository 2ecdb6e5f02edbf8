using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Health;

/// <summary>What is done about an alarm that lasts.</summary>
public enum HealthAct
{
    /// <summary>Nothing: it is reported only.</summary>
    None,

    /// <summary>β is raised, where that helps, and again each time the alarm has lasted for the steps of patience.</summary>
    RaiseBeta,

    /// <summary>The run continues from its last good checkpoint, with a greater β.</summary>
    RollBack,

    /// <summary>The run saves a checkpoint and stops.</summary>
    Stop,
}

/// <summary>When a run counts as unhealthy, and what is done about it. Metrics are means over the last steps.</summary>
public sealed record HealthOptions
{
    /// <summary>
    /// What is done about an alarm that lasts: none (it is reported only), raiseBeta, rollBack (to the last good checkpoint, with a greater
    /// β),
    /// or stop.
    /// </summary>
    public HealthAct Act { get; init; }

    /// <summary>Steps that an alarm must last before an action is taken.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Patience { get; init; } = 5;

    /// <summary>What β is multiplied by when it is raised.</summary>
    [Range(1, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double BetaFactor { get; init; } = 2;

    /// <summary>How often a run may be rolled back; at the next alarm it stops.</summary>
    [Range(0, double.PositiveInfinity)]
    public int RollBacks { get; init; } = 3;

    /// <summary>Steps that a metric is averaged over; later steps are compared with the mean of the first ones.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Window { get; init; } = 5;

    /// <summary>Alarm when the KL from the reference is above this many nats a response.</summary>
    public double MaxKl { get; init; } = 50;

    /// <summary>Alarm when the KL is below this many nats a response: sampling and training disagree.</summary>
    public double MinKl { get; init; } = -1;

    /// <summary>Alarm when the mean probability ratio differs from 1 by more than this.</summary>
    public double MaxRatioError { get; init; } = 0.1;

    /// <summary>Warning when the ratio of more than this share of the tokens is clipped.</summary>
    public double MaxClipShare { get; init; } = 0.4;

    /// <summary>Alarm when the entropy of a token is less than this share of what it was in the first steps.</summary>
    public double MinEntropyShare { get; init; } = 0.3;

    /// <summary>Warning when responses are more than this many times as long as in the first steps, or as many times shorter.</summary>
    [Range(1, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double MaxLengthFactor { get; init; } = 2;

    /// <summary>Warning when a smaller share of the responses ends with an end-of-sequence token or a stop string.</summary>
    public double MinEnded { get; init; } = 0.5;

    /// <summary>
    /// Alarm when more than this share of 3-grams of tokens repeats an earlier one of the same response, and 0.1 more than in the first
    /// steps.
    /// </summary>
    public double MaxRepetition { get; init; } = 0.3;

    /// <summary>Alarm when the share of distinct responses is less than this part of what it was in the first steps.</summary>
    public double MinDistinctShare { get; init; } = 0.5;

    /// <summary>
    /// Warning when the values explain less than this share of the variance of the returns; below 0 a constant predicts them better.
    /// </summary>
    public double MinExplainedVariance { get; init; } = -0.2;

    /// <summary>
    /// Alarm when ½ (log π − log π_old)² of a token is above this before the first update of a step: sampling and training disagree.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public double MaxFirstApproxKl { get; init; } = 1e-3;

    /// <summary>Warning when the responses to more than this share of the prompts all have the same score.</summary>
    [Range(0d, 1d)]
    public double MaxGroupsWithoutSignal { get; init; } = 0.8;

    /// <summary>
    /// Alarm when the KL between the servers that sample and the policy is above this many nats a token, by the log-probabilities of the
    /// servers.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public double MaxRolloutKl { get; init; } = 0.05;

    /// <summary>Warning when rollout.correction leaves out more than this share of the tokens.</summary>
    [Range(0d, 1d)]
    public double MaxRolloutMasked { get; init; } = 0.5;

    /// <summary>Warning when the weights that sampled are more than this many updates old.</summary>
    [Range(0, double.PositiveInfinity)]
    public double MaxStaleness { get; init; } = 4;

    /// <summary>
    /// Warning when more than this share of the tokens was sampled with weights from before the last update; 1 for never.
    /// </summary>
    [Range(0d, 1d)]
    public double MaxStaleTokens { get; init; } = 1;

    /// <summary>Warning when the responses of fewer steps than this are ready before they are needed (rollout.maxStaleness); 0 for
    /// never.</summary>
    [Range(0, double.PositiveInfinity)]
    public double MinRolloutQueue { get; init; }

    /// <summary>Warning when the line search of TRPO finds a step less often than this.</summary>
    [Range(0d, 1d)]
    public double MinStepsTaken { get; init; } = 0.5;

    /// <summary>Warning when responses to less than this share of the prompts are selected to train on (rft).</summary>
    public double MinSelectedPrompts { get; init; } = 0.25;

    /// <summary>
    /// Warning when the score on held-out prompts has gained less than this share of what it gained on the training prompts.
    /// </summary>
    public double MinHeldOutShare { get; init; } = 0.5;

    /// <summary>
    /// Alarm when the held-out reward has lost more than this share of its gain, at two evaluations in a row, while the training score
    /// rose; and when the training score has lost more than this share of its own gain.
    /// </summary>
    public double MaxLostShare { get; init; } = 0.2;
}
