using System.ComponentModel.DataAnnotations;
using Attune.Generation;
using Attune.Training.Estimation;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>What is done to scores before they become rewards, in the order of the keys.</summary>
public sealed record ScoreOptions
{
    /// <summary>Scores are first cut to ± this, in their own unit; 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double RawClip { get; init; }

    /// <summary>
    /// none; or mean 0 and deviation 1, as in the first step (reference), of all scores so far (running), or of each step by itself
    /// (whiten).
    /// </summary>
    public ScoreScaling Scaling { get; init; }

    /// <summary>Whether scaling also takes the mean off; false to divide by the deviation only.</summary>
    public bool Normalise { get; init; } = true;

    /// <summary>Scores are cut to ± this, after scaling; 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Clip { get; init; }

    /// <summary>Taken from the score of an answer that did not end itself.</summary>
    [Range(0, double.PositiveInfinity)]
    public double MissingEosPenalty { get; init; }

    /// <summary>Tokens that an answer may have for nothing.</summary>
    [Range(0, double.PositiveInfinity)]
    public int LengthTarget { get; init; }

    /// <summary>Taken from the score for each token beyond lengthTarget.</summary>
    [Range(0, double.PositiveInfinity)]
    public double LengthPenalty { get; init; }

    /// <summary>The most that length may take; 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double LengthPenaltyLimit { get; init; }
}

/// <summary>
/// From the scores of a reward source to those that are learned from: cut, scaled (Ziegler et al. 2019, section 2.1,
/// https://arxiv.org/abs/1909.08593), cut again, and less for an answer without an end or with too many tokens (Yu et al. 2025, eq. 13,
/// "soft overlong punishment", https://arxiv.org/abs/2503.14476). Details: (1) trlX cuts before it scales and TRL after; each has its key.
/// (2) Moments are of scores as they come, before the cut. (3) Numbers of single tokens are cut one by one; a mean and the penalties are
/// taken off at the last token. (4) Penalties come last, so that they have the size that they are given, whatever the scores.
/// </summary>
public sealed class ScorePipeline(ScoreOptions options)
{
    readonly ScoreScaler scaler = new(options.Scaling, keepsMean: !options.Normalise);

    /// <summary>Of the scores seen so far; part of every checkpoint.</summary>
    public RunningMoments Moments => scaler.Moments;

    /// <summary>The scores that a step learns from; moves the running moments.</summary>
    public Scores Shape(Scores scores, Rollouts rollouts)
    {
        var totals = scores.Totals;
        var scaled = scaler.Scale(Cut(scores.Rows, options.RawClip), totals, learn: Array.TrueForAll(totals, double.IsFinite));
        var rows = Cut(scaled, options.Clip).Zip(rollouts.Completions, (row, response) => ScoreScaler.AddAtEnd(row, -Penalty(response)));
        return scores with { Rows = [.. rows] };
    }

    static double[][] Cut(double[][] rows, double limit) =>
        limit == 0 ? rows : Array.ConvertAll(rows, row => Array.ConvertAll(row, number => Math.Clamp(number, -limit, limit)));

    double Penalty(Response response)
    {
        var length = options.LengthPenalty * Math.Max(response.Tokens.Length - options.LengthTarget, 0);
        if (options.LengthPenaltyLimit > 0)
            length = Math.Min(length, options.LengthPenaltyLimit);
        return length + (response.Ended ? 0 : options.MissingEosPenalty);
    }
}
