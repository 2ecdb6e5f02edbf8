using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>
/// 1 for a response that equals the answer in the prompt's row, or one of the answers there; else 0. Runs of white space count as one
/// space; white space at the ends is ignored.
/// </summary>
public sealed record ExactMatchReward : RuleReward
{
    public override string Kind => "exactMatch";

    /// <summary>The field of the prompt's row that holds the correct answer: a text, a number, or a list of these.</summary>
    [Required(ErrorMessage = "must name a field of the prompts' rows")]
    public string Field { get; init; } = "answer";

    /// <summary>Whether the case of letters matters.</summary>
    public bool MatchCase { get; init; }

    public override IReadOnlyList<string> RowFields => [Field];

    public override double Score(TextResponse answer)
    {
        var comparer = MatchCase ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
        return answer.Texts(Field).Select(Plain).Contains(Plain(answer.Text), comparer) ? 1 : 0;
    }

    static string Plain(string text) => string.Join(' ', WordSplitter.Split(text));
}
