using Attune.Data;

namespace Attune.Reporting.Evaluation;

/// <summary>A response of a pair.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Scored">Its score by the reward model.</param>
/// <param name="Place">Its position in the list of responses, from 0; null where the order has no meaning.</param>
/// <param name="Source">What generated it; null where that is not known.</param>
public sealed record EvaluatedResponse(string Text, ScoredResponse Scored, int? Place, string? Source);

/// <summary>Two responses to a prompt, with the preference of annotators and the scores of a reward model.</summary>
/// <param name="Prompt">The prompt's text.</param>
/// <param name="Chosen">The response that more annotators prefer.</param>
/// <param name="Rejected">The other response.</param>
/// <param name="Comparison">The annotators' comparison.</param>
/// <param name="RankDistance">The difference of their ranks; null where there are no ranks.</param>
/// <param name="Origin">The row of the data: one annotator's ranks, or the votes of several.</param>
public sealed record EvaluatedPair(
    string Prompt, EvaluatedResponse Chosen, EvaluatedResponse Rejected, Comparison Comparison, int? RankDistance, Origin Origin)
{
    /// <summary>By how much the chosen response scores higher.</summary>
    public double Margin => Chosen.Scored.Score - Rejected.Scored.Score;

    /// <summary>The margin in logits, of which σ is the predicted share of annotators.</summary>
    public double LogitMargin => Chosen.Scored.Logit - Rejected.Scored.Logit;

    /// <summary>By how many tokens the chosen response is longer.</summary>
    public int LengthDifference => Chosen.Scored.Length - Rejected.Scored.Length;

    /// <summary>Whether a majority of annotators prefers one of them.</summary>
    public bool IsDecided => Comparison.Share > 0.5;

    /// <summary>1 where the chosen response scores higher, ½ where the scores are equal, else 0.</summary>
    public double Correct => Math.Sign(Margin) / 2.0 + 0.5;

    /// <summary>The share of annotators who prefer what the model prefers.</summary>
    public double Agreement => Correct * Comparison.Share + (1 - Correct) * (1 - Comparison.Share);

    /// <summary>The pairs of an example.</summary>
    /// <param name="example">The example with its comparisons.</param>
    /// <param name="scored">Its scored responses.</param>
    public static IEnumerable<EvaluatedPair> FromExample(ComparisonExample example, IReadOnlyList<ScoredResponse> scored)
    {
        var comparisons = example.Comparisons;
        foreach (var pair in comparisons.Comparisons)
            if (example.Completions[pair.Chosen] != example.Completions[pair.Rejected])
                yield return new(example.Prompt, Response(pair.Chosen), Response(pair.Rejected), pair, Distance(pair), example.Origin);

        int? Distance(Comparison pair) =>
            comparisons.ChosenFirst ? null : comparisons.Ranks?[pair.Rejected] - comparisons.Ranks?[pair.Chosen];

        EvaluatedResponse Response(int index) =>
            new(example.Completions[index], scored[index], comparisons.ChosenFirst ? null : index, comparisons.Sources?[index]);
    }
}
