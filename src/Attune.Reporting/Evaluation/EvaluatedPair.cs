using Attune.Data;

namespace Attune.Reporting.Evaluation;

/// <summary>One answer of a pair.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Judged">What the reward model says of it.</param>
/// <param name="Place">Where it stood among the answers that people saw, from 0; null where the data's order says nothing.</param>
/// <param name="Source">Who wrote it; null where that is not known.</param>
public sealed record EvaluatedAnswer(string Text, JudgedAnswer Judged, int? Place, string? Source);

/// <summary>Two answers to a prompt as people and a reward model see them.</summary>
/// <param name="Prompt">As it was written.</param>
/// <param name="Better">The one that more people prefer.</param>
/// <param name="Worse">The other one.</param>
/// <param name="Preference">What people said.</param>
/// <param name="RankDistance">How many ranks lie between them; null where there are no ranks.</param>
/// <param name="Origin">The row that says so, one annotator's or some people's votes.</param>
public sealed record EvaluatedPair(
    string Prompt, EvaluatedAnswer Better, EvaluatedAnswer Worse, Preference Preference, int? RankDistance, Origin Origin)
{
    /// <summary>By how much the better one scores higher.</summary>
    public double Margin => Better.Judged.Score - Worse.Judged.Score;

    /// <summary>The same in logits, of which σ is the predicted share of people.</summary>
    public double LogitMargin => Better.Judged.Logit - Worse.Judged.Logit;

    /// <summary>By how many tokens the better one is longer.</summary>
    public int LengthDifference => Better.Judged.Length - Worse.Judged.Length;

    /// <summary>Whether people as a whole prefer one.</summary>
    public bool IsDecided => Preference.Share > 0.5;

    /// <summary>1 where the model prefers what people do, ½ where it scores both alike, else 0.</summary>
    public double Right => Math.Sign(Margin) / 2.0 + 0.5;

    /// <summary>The share of people who prefer what the model prefers.</summary>
    public double Agreement => Right * Preference.Share + (1 - Right) * (1 - Preference.Share);

    /// <summary>The pairs of an example.</summary>
    /// <param name="example">With its preferences.</param>
    /// <param name="judged">Its answers.</param>
    public static IEnumerable<EvaluatedPair> Of(Ranking example, IReadOnlyList<JudgedAnswer> judged)
    {
        var preferences = example.Preferences;
        foreach (var pair in preferences.Pairs)
            if (example.Completions[pair.Better] != example.Completions[pair.Worse])
                yield return new(example.Prompt, Answer(pair.Better), Answer(pair.Worse), pair, Distance(pair), example.Origin);

        int? Distance(Preference pair) => preferences.ChosenFirst ? null : preferences.Ranks?[pair.Worse] - preferences.Ranks?[pair.Better];

        EvaluatedAnswer Answer(int at) => new(example.Completions[at], judged[at], preferences.ChosenFirst ? null : at, preferences.Sources?[at]);
    }
}
