
namespace Attune.Training.Rewards;

/// <summary>
/// 1 for an answer that is the one in the prompt's row, or one of them; 0 for another. White space counts as one space, and none at the ends.
/// </summary>
public sealed record ExactMatchReward : RuleReward
{
    public override string Kind => "exactMatch";

    /// <summary>The field of the prompt's row that holds the right answer: a text, a number, or a list of these.</summary>
    public string Field { get; init; } = "answer";

    /// <summary>Whether upper and lower case differ.</summary>
    public bool MatchCase { get; init; }

    public override IReadOnlyList<string> RowFields => [Field];

    public override IEnumerable<string> Problems() => FieldProblems.Of(Field);

    public override double Rate(Answer answer)
    {
        var comparer = MatchCase ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
        return answer.Texts(Field).Select(Plain).Contains(Plain(answer.Text), comparer) ? 1 : 0;
    }

    static string Plain(string text) => string.Join(' ', Words.Of(text));
}

/// <summary>What can be wrong with the name of a field.</summary>
static class FieldProblems
{
    public static IEnumerable<string> Of(string field) =>
        field.Length == 0 ? ["field: the name of a field of the prompt's row was expected, found nothing"] : [];
}
