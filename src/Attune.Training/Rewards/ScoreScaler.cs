using Attune.Training.Estimation;

namespace Attune.Training.Rewards;

/// <summary>How scores are scaled.</summary>
public enum ScoreScaling
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>
    /// To mean 0 and standard deviation 1 in the first step, in which the policy is the reference; later steps use the same shift and
    /// scale.
    /// </summary>
    Reference,

    /// <summary>To mean 0 and standard deviation 1 of all scores so far.</summary>
    Running,

    /// <summary>To mean 0 and standard deviation 1 in every step.</summary>
    Whiten,
}

/// <summary>
/// Scales scores to mean 0 and standard deviation 1, or to standard deviation 1 only. Both are those of whole responses; the scores of
/// tokens are divided by that standard deviation, and the mean is subtracted at the last token.
/// </summary>
sealed class ScoreScaler(ScoreScaling scaling, bool keepMean = false)
{
    const double MinStd = 1e-8;

    /// <summary>Moments of the scores that were trained on so far.</summary>
    public RunningMoments Moments { get; } = new();

    /// <summary>Whether the moments outlast a step.</summary>
    public bool Remembers => scaling is ScoreScaling.Reference or ScoreScaling.Running;

    /// <summary>The scaled rows.</summary>
    /// <param name="scores">B responses.</param>
    /// <param name="update">Whether the moments are updated with these scores; while there are none, the moments of the scores are
    /// used.</param>
    public double[][] Scale(Scores scores, bool update) => Scale(scores.Rows, scores.Totals, update);

    /// <inheritdoc cref="Scale(Scores, bool)"/>
    /// <param name="rows">B rows.</param>
    /// <param name="totals">B scores that the moments are computed from; those that are NaN are left out.</param>
    /// <param name="update">Whether the moments are updated with these scores.</param>
    public double[][] Scale(double[][] rows, double[] totals, bool update)
    {
        double[] known = [.. totals.Where(total => !double.IsNaN(total))];
        if (scaling == ScoreScaling.None || known.Length == 0)
            return rows;
        if (update && (scaling == ScoreScaling.Running || (scaling == ScoreScaling.Reference && Moments.Count == 0)))
            Moments.Update(known);
        var moments = Moments.Count > 0 ? Moments : MomentsFor(known);
        var std = moments.Std > MinStd ? moments.Std : 1;                // equal scores are not scaled
        var shift = keepMean ? 0 : -moments.Mean / std;
        return Array.ConvertAll(rows, row => AddAtEnd(Array.ConvertAll(row, number => number / std), shift));
    }

    /// <summary>A row with a number added to its last element; an empty row stays empty.</summary>
    public static double[] AddAtEnd(double[] row, double number) => row.Length == 0 ? row : [.. row[..^1], row[^1] + number];

    static RunningMoments MomentsFor(double[] totals)
    {
        var moments = new RunningMoments();
        moments.Update(totals);
        return moments;
    }
}
