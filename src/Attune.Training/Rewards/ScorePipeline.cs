using Attune.Training.Estimation;

namespace Attune.Training.Rewards;

/// <summary>How scores are scaled before they become rewards.</summary>
public enum ScoreScaling
{
    /// <summary>As they come.</summary>
    None,

    /// <summary>Mean 0 and deviation 1 in the first step, when the policy is the reference; the same shift and scale ever after.</summary>
    Reference,

    /// <summary>Divided by the deviation of all scores so far.</summary>
    Running,
}

/// <summary>What is done to scores before they become rewards.</summary>
public sealed record ScoreOptions
{
    /// <summary>none; reference (mean 0 and deviation 1 in the first step); or running (divided by the deviation so far).</summary>
    public ScoreScaling Scaling { get; init; }

    /// <summary>Scores are cut to ± this, after scaling; 0 for no limit.</summary>
    public double Clip { get; init; }

    /// <summary>Taken from the score of an answer that did not end itself.</summary>
    public double MissingEosPenalty { get; init; }

    /// <summary>What is wrong with the values.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (key, value) in new[] { ("clip", Clip), ("missingEosPenalty", MissingEosPenalty) })
            if (value < 0)
                yield return $"{key}: a number of at least 0 was expected, found {value}";
    }
}

/// <summary>
/// From the scores of a reward source to those that are learned from: scaled (Ziegler et al. 2019, section 2.1,
/// https://arxiv.org/abs/1909.08593, or trlX's running deviation), cut, and less for an answer without an end.
/// </summary>
public sealed class ScorePipeline(ScoreOptions options)
{
    /// <summary>Of the scores seen so far; part of every checkpoint.</summary>
    public RunningMoments Moments { get; } = new();

    public Scores Shape(Scores scores, Rollouts rollouts)
    {
        var totals = scores.Totals;
        var measure = options.Scaling == ScoreScaling.Running || (options.Scaling == ScoreScaling.Reference && Moments.Count == 0);
        if (measure && Array.TrueForAll(totals, double.IsFinite))
            Moments.Update(totals);
        var shift = options.Scaling == ScoreScaling.Reference ? Moments.Mean : 0;
        var scale = options.Scaling == ScoreScaling.None ? 1 : 1 / Math.Max(Moments.Deviation, 1e-8);
        var limit = options.Clip > 0 ? options.Clip : double.PositiveInfinity;
        return Scores.Of(totals.Select((score, row) =>
            Math.Clamp((score - shift) * scale, -limit, limit) - (rollouts.Completions[row].Ended ? 0 : options.MissingEosPenalty)));
    }
}
