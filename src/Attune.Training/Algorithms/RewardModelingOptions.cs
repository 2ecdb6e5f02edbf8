namespace Attune.Training.Algorithms;

/// <summary>What counts alike in the loss of a reward model.</summary>
public enum PairWeighting
{
    /// <summary>Every prompt, however many pairs it has.</summary>
    Prompt,

    /// <summary>Every pair, so that a prompt with more answers counts more.</summary>
    Pair,
}

/// <summary>Options of reward modelling.</summary>
public sealed record RewardModelingOptions
{
    /// <summary>Pulls the scores of a pair towards a sum of 0; 0.01 is usual, 0 for none.</summary>
    public double CenterCoef { get; init; }

    /// <summary>The share of preferences that are taken for mistakes, from 0 to below 0.5: scores are no longer pushed apart without end.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>
    /// By how many points scores should differ for each level of a pair's strength (or margin) in the data; 0 to pass the strength over.
    /// Llama 2's margins are 1 (large) or 0.3333 (small) a level.
    /// </summary>
    public double MarginScale { get; init; } = 1;

    /// <summary>prompt: every prompt counts alike, however many pairs it has (InstructGPT); pair: every pair does (TRL).</summary>
    public PairWeighting Weighting { get; init; }

    /// <summary>Heads over the one backbone, each with a start of its own: where they disagree, the score is a guess.</summary>
    public int Heads { get; init; } = 1;

    /// <summary>Whether each head learns from a draw of the rankings with replacement (weights by Poisson's law), so that heads differ more.</summary>
    public bool Bootstrap { get; init; }

    /// <summary>What is wrong with the values.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (key, value) in new[] { ("centerCoef", CenterCoef), ("marginScale", MarginScale) })
            if (value < 0)
                yield return $"{key}: a number of at least 0 was expected, found {value}";
        if (LabelSmoothing is < 0 or >= 0.5)
            yield return $"labelSmoothing: a share from 0 to below 0.5 was expected, found {LabelSmoothing}";
        if (Heads < 1)
            yield return $"heads: a number of at least 1 was expected, found {Heads}";
        if (Bootstrap && Heads == 1)
            yield return "bootstrap: it is for an ensemble; heads of at least 2 were expected, found 1";
    }
}
