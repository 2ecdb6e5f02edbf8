using Attune.Training.Estimation;

namespace Attune.Training.Rewards;

/// <summary>What scores are scaled to.</summary>
public enum ScoreScaling
{
    /// <summary>As they come.</summary>
    None,

    /// <summary>Mean 0 and deviation 1 in the first step, when the policy is the reference; the same shift and scale ever after.</summary>
    Reference,

    /// <summary>Mean 0 and deviation 1 of all scores so far.</summary>
    Running,

    /// <summary>Mean 0 and deviation 1 in every step by itself.</summary>
    Whiten,
}

/// <summary>
/// Brings scores to mean 0 and deviation 1, or to deviation 1 alone. Mean and deviation are those of whole responses; the numbers of
/// tokens are divided by that deviation, and the mean is taken off at the last token.
/// </summary>
sealed class ScoreScaler(ScoreScaling scaling, bool keepsMean = false)
{
    const double Smallest = 1e-8;

    /// <summary>Of the scores that were learned from so far.</summary>
    public RunningMoments Moments { get; } = new();

    /// <summary>Whether the moments are more than those of the step.</summary>
    public bool Remembers => scaling is ScoreScaling.Reference or ScoreScaling.Running;

    /// <summary>Rows as they come in, scaled.</summary>
    /// <param name="scores">B responses.</param>
    /// <param name="learn">Whether the moments take these scores in; as long as there are none, those of the scores stand in.</param>
    public double[][] Scale(Scores scores, bool learn) => Scale(scores.Rows, scores.Totals, learn);

    /// <inheritdoc cref="Scale(Scores, bool)"/>
    /// <param name="rows">B rows.</param>
    /// <param name="totals">B numbers that the moments are of.</param>
    /// <param name="learn">Whether the moments take these scores in.</param>
    public double[][] Scale(double[][] rows, double[] totals, bool learn)
    {
        if (scaling == ScoreScaling.None)
            return rows;
        if (learn && (scaling == ScoreScaling.Running || (scaling == ScoreScaling.Reference && Moments.Count == 0)))
            Moments.Update(totals);
        var moments = Moments.Count > 0 ? Moments : MomentsFor(totals);
        var deviation = moments.Std > Smallest ? moments.Std : 1;                // scores that do not differ stay in their unit
        var shift = keepsMean ? 0 : -moments.Mean / deviation;
        return Array.ConvertAll(rows, row => AddAtEnd(Array.ConvertAll(row, number => number / deviation), shift));
    }

    /// <summary>A row with something added to its last number.</summary>
    public static double[] AddAtEnd(double[] row, double number) => [.. row[..^1], row[^1] + number];

    static RunningMoments MomentsFor(double[] totals)
    {
        var moments = new RunningMoments();
        moments.Update(totals);
        return moments;
    }
}
