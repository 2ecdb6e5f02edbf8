namespace Attune.Training.Rewards;

/// <summary>How the probabilities that steps are right become the score of a response.</summary>
public enum StepScore
{
    /// <summary>That of the weakest step.</summary>
    Min,

    /// <summary>Their product: the probability that all are right, if they are independent.</summary>
    Product,

    /// <summary>That of the last step.</summary>
    Last,
}

/// <summary>Scores of responses from the probabilities of their steps. Lightman et al. 2023, appendix E, compares them.</summary>
public static class StepScores
{
    /// <summary>The score of a response with at least one step.</summary>
    public static double Combine(this StepScore how, IReadOnlyCollection<double> steps) => how switch
    {
        StepScore.Min => steps.Min(),
        StepScore.Product => steps.Aggregate(1.0, (product, step) => product * step),
        _ => steps.Last(),
    };

    /// <summary>
    /// The reward of each step: by how much it changes the score of the response so far. The rewards add up to the score, so that more
    /// steps alone do not earn more.
    /// </summary>
    public static double[] Rewards(this StepScore how, IReadOnlyList<double> steps)
    {
        var rewards = new double[steps.Count];
        for (var (i, before) = (0, 0.0); i < rewards.Length; i++)
        {
            var score = how.Combine([.. steps.Take(i + 1)]);
            (rewards[i], before) = (score - before, score);
        }
        return rewards;
    }
}
