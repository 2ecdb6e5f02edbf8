using Attune.Reporting.TextMetrics;

namespace Attune.Training.Rewards;

/// <summary>
/// 1 for a response that equals the answer in the prompt's row, or one of the answers there; else 0. Runs of white space count as one
/// space; white space at the ends is ignored.
/// </summary>
public sealed record ExactMatchReward : AnswerReward
{
    public override string Kind => "exactMatch";

    /// <summary>Whether the case of letters matters.</summary>
    public bool MatchCase { get; init; }

    protected override bool IsCorrect(string text, TextResponse response)
    {
        var comparer = MatchCase ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
        return response.Texts(Field).Select(Plain).Contains(Plain(text), comparer);
    }

    static string Plain(string text) => string.Join(' ', Words.Split(text));
}
