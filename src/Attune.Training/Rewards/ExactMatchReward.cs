using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>
/// 1 for an answer that is the one in the prompt's row, or one of them; 0 for another. White space counts as one space, and none at the ends.
/// </summary>
public sealed record ExactMatchReward : RuleReward
{
    public override string Kind => "exactMatch";

    /// <summary>The field of the prompt's row that holds the right answer: a text, a number, or a list of these.</summary>
    [Required(ErrorMessage = "must name a field of the prompts' rows")]
    public string Field { get; init; } = "answer";

    /// <summary>Whether upper and lower case differ.</summary>
    public bool MatchCase { get; init; }

    public override IReadOnlyList<string> RowFields => [Field];

    public override double Score(TextResponse answer)
    {
        var comparer = MatchCase ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
        return answer.Texts(Field).Select(Plain).Contains(Plain(answer.Text), comparer) ? 1 : 0;
    }

    static string Plain(string text) => string.Join(' ', WordSplitter.Split(text));
}
