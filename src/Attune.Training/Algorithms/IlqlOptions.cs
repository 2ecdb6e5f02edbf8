using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>Options of ILQL, with the defaults of trlX.</summary>
public sealed record IlqlOptions
{
    /// <summary>τ of the expectile: above 0.5 the value tends to that of the best responses in the data, at 0.5 to the mean.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Tau { get; init; } = 0.7;

    /// <summary>γ, the discount of the value of the next token.</summary>
    [Range(0d, 1d)]
    public double Gamma { get; init; } = 0.99;

    /// <summary>The weight of the conservative loss (CQL), which keeps Q values of tokens that the data does not have low.</summary>
    [Range(0d, double.PositiveInfinity)]
    public double CqlScale { get; init; } = 0.1;

    /// <summary>The weight of the policy's loss (AWAC): the cross-entropy of the data, weighted by exp(beta (Q − V)).</summary>
    [Range(0d, double.PositiveInfinity)]
    public double AwacScale { get; init; } = 1;

    /// <summary>
    /// β of the AWAC weights; 0 weights all tokens alike, so that the policy learns to write as the data. advantageBeta is the β of
    /// generation.
    /// </summary>
    [Range(0d, double.PositiveInfinity)]
    public double Beta { get; init; }

    /// <summary>α: how far the target Q heads move towards the Q heads at a synchronisation; 1 makes them equal.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true)]
    public double Alpha { get; init; } = 0.001;

    /// <summary>Steps between two synchronisations of the target Q heads.</summary>
    [Range(1, double.PositiveInfinity)]
    public int SyncEvery { get; init; } = 5;

    /// <summary>Whether there are two Q heads, of which the smaller value counts, or one.</summary>
    public bool TwoQs { get; init; } = true;

    /// <summary>
    /// β of generation: the model adds β (Q − V) to the log-probabilities. It is saved with the model, which generates with it by default.
    /// </summary>
    [Range(-1e6, 1e6)]
    public double AdvantageBeta { get; init; } = 1;

    /// <summary>The k most likely tokens after the shift, from which the model samples by default; 0 for all.</summary>
    [Range(0, double.PositiveInfinity)]
    public int TopK { get; init; } = 20;

    /// <summary>
    /// Values of β at which evaluations sample responses in addition to advantageBeta, where responses.prompts names a file. Metrics have
    /// the value in their names, such as eval/score@beta=0.
    /// </summary>
    public IReadOnlyList<double> Betas { get; init; } = [];

    /// <summary>Whether the returns of the training data are given mean 0 and standard deviation 1.</summary>
    public bool NormalizeRewards { get; init; } = true;
}
