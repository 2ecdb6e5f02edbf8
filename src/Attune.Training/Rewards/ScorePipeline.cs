using System.ComponentModel.DataAnnotations;
using Attune.Generation;
using Attune.Training.Estimation;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>How scores are transformed before they become rewards, in the order of the keys.</summary>
public sealed record ScoreOptions
{
    /// <summary>Clips scores to ± this before scaling; 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double RawClip { get; init; }

    /// <summary>
    /// none; or scaling to mean 0 and standard deviation 1 of the first step's scores (reference), of all scores so far (running), or of
    /// each step's scores (whiten).
    /// </summary>
    public ScoreScaling Scaling { get; init; }

    /// <summary>Whether scaling also subtracts the mean; false to divide by the standard deviation only.</summary>
    public bool Normalise { get; init; } = true;

    /// <summary>Clips scores to ± this after scaling; 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Clip { get; init; }

    /// <summary>
    /// The factor of the score of a response that was cut off at sampling.maxNewTokens, from 0 to 1; a number below 0 replaces the
    /// score. Null for no change.
    /// </summary>
    [Range(double.NegativeInfinity, 1)]
    public double? StopProperlyPenaltyCoef { get; init; }

    /// <summary>Subtracted from the score of a response that was cut off at sampling.maxNewTokens.</summary>
    [Range(0, double.PositiveInfinity)]
    public double MissingEosPenalty { get; init; }

    /// <summary>Tokens of a response that have no length penalty.</summary>
    [Range(0, double.PositiveInfinity)]
    public int LengthTarget { get; init; }

    /// <summary>Subtracted from the score for each token beyond lengthTarget.</summary>
    [Range(0, double.PositiveInfinity)]
    public double LengthPenalty { get; init; }

    /// <summary>The largest length penalty of a response; 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double LengthPenaltyLimit { get; init; }
}

/// <summary>
/// Transforms the scores of a reward source into those to train on: clip, scale (Ziegler et al. 2019, section 2.1,
/// https://arxiv.org/abs/1909.08593), clip again, change the scores of responses that were cut off (stop_properly_penalty_coef of
/// OpenRLHF), and subtract penalties for a missing end or too many tokens (Yu et al. 2025, eq. 13, "soft overlong punishment",
/// https://arxiv.org/abs/2503.14476). Details: (1) trlX clips before scaling and TRL after; each has its key. (2) Moments are those of the
/// scores before clipping. (3) Scores of single tokens are clipped one by one; the mean and the penalties are subtracted at the last token.
/// (4) Penalties come last, so that they are not scaled.
/// </summary>
public sealed class ScorePipeline(ScoreOptions options)
{
    readonly ScoreScaler scaler = new(options.Scaling, keepMean: !options.Normalise);

    /// <summary>Moments of the scores so far; part of every checkpoint.</summary>
    public RunningMoments Moments => scaler.Moments;

    /// <summary>The scores to train on; updates the running moments.</summary>
    public Scores Shape(Scores scores, Rollouts rollouts)
    {
        var totals = scores.Totals;
        var scaled = scaler.Scale(Clip(scores.Rows, options.RawClip), totals, update: !totals.Any(double.IsInfinity));
        var rows = Clip(scaled, options.Clip).Zip(
            rollouts.Completions, (row, response) => ScoreScaler.AddAtEnd(response.Ended ? row : CutOff(row), -Penalty(response)));
        return scores with { Rows = [.. rows] };
    }

    static double[][] Clip(double[][] rows, double limit) =>
        limit == 0 ? rows : Array.ConvertAll(rows, row => Array.ConvertAll(row, number => Math.Clamp(number, -limit, limit)));

    /// <summary>The scores of a response that was cut off.</summary>
    double[] CutOff(double[] row) => options.StopProperlyPenaltyCoef switch
    {
        null => row,
        >= 0 and var factor => Array.ConvertAll(row, number => number * factor),
        var score => ScoreScaler.AddAtEnd(new double[row.Length], score.Value),
    };

    double Penalty(Response response)
    {
        var length = options.LengthPenalty * Math.Max(response.SampledCount - options.LengthTarget, 0);
        if (options.LengthPenaltyLimit > 0)
            length = Math.Min(length, options.LengthPenaltyLimit);
        return length + (response.Ended ? 0 : options.MissingEosPenalty);
    }
}
