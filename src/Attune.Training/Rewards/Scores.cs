namespace Attune.Training.Rewards;

/// <summary>How good B responses are: each as a whole, or each of their tokens. Higher is better.</summary>
/// <param name="Rows">B rows: one number for a response as a whole, or one for each of its tokens.</param>
public sealed record Scores(double[][] Rows)
{
    /// <summary>One number a response: the sum of its row.</summary>
    public double[] Totals => Array.ConvertAll(Rows, row => row.Sum());

    /// <summary>The same responses as parts of the score rate them, by the names of the parts; empty when there is one part.</summary>
    public IReadOnlyDictionary<string, double[]> Parts { get; init; } = new Dictionary<string, double[]>();

    /// <summary>One number a response.</summary>
    public static Scores Of(IEnumerable<double> responses) => new([.. responses.Select(score => new[] { score })]);
}
