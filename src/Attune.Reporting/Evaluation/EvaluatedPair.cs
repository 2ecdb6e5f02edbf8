using Attune.Data;

namespace Attune.Reporting.Evaluation;

/// <summary>One answer of a pair.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Scored">What the reward model says of it.</param>
/// <param name="Place">Where it stood among the answers that people saw, from 0; null where the data's order says nothing.</param>
/// <param name="Source">Who wrote it; null where that is not known.</param>
public sealed record EvaluatedResponse(string Text, ScoredResponse Scored, int? Place, string? Source);

/// <summary>Two answers to a prompt as people and a reward model see them.</summary>
/// <param name="Prompt">As it was written.</param>
/// <param name="Chosen">The one that more people prefer.</param>
/// <param name="Rejected">The other one.</param>
/// <param name="Comparison">What people said.</param>
/// <param name="RankDistance">How many ranks lie between them; null where there are no ranks.</param>
/// <param name="Origin">The row that says so, one annotator's or some people's votes.</param>
public sealed record EvaluatedPair(
    string Prompt, EvaluatedResponse Chosen, EvaluatedResponse Rejected, Comparison Comparison, int? RankDistance, Origin Origin)
{
    /// <summary>By how much the better one scores higher.</summary>
    public double Margin => Chosen.Scored.Score - Rejected.Scored.Score;

    /// <summary>The same in logits, of which σ is the predicted share of people.</summary>
    public double LogitMargin => Chosen.Scored.Logit - Rejected.Scored.Logit;

    /// <summary>By how many tokens the better one is longer.</summary>
    public int LengthDifference => Chosen.Scored.Length - Rejected.Scored.Length;

    /// <summary>Whether people as a whole prefer one.</summary>
    public bool IsDecided => Comparison.Share > 0.5;

    /// <summary>1 where the model prefers what people do, ½ where it scores both alike, else 0.</summary>
    public double Correct => Math.Sign(Margin) / 2.0 + 0.5;

    /// <summary>The share of people who prefer what the model prefers.</summary>
    public double Agreement => Correct * Comparison.Share + (1 - Correct) * (1 - Comparison.Share);

    /// <summary>The pairs of an example.</summary>
    /// <param name="example">With its preferences.</param>
    /// <param name="judged">Its answers.</param>
    public static IEnumerable<EvaluatedPair> FromExample(ComparisonExample example, IReadOnlyList<ScoredResponse> judged)
    {
        var preferences = example.Comparisons;
        foreach (var pair in preferences.Comparisons)
            if (example.Completions[pair.Chosen] != example.Completions[pair.Rejected])
                yield return new(example.Prompt, Answer(pair.Chosen), Answer(pair.Rejected), pair, Distance(pair), example.Origin);

        int? Distance(Comparison pair) => preferences.ChosenFirst ? null : preferences.Ranks?[pair.Rejected] - preferences.Ranks?[pair.Chosen];

        EvaluatedResponse Answer(int at) => new(example.Completions[at], judged[at], preferences.ChosenFirst ? null : at, preferences.Sources?[at]);
    }
}
