using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>1 for a response with the correct answer, which is in the prompt's row; else 0.</summary>
public abstract record AnswerReward : RuleReward
{
    /// <summary>The field of the prompt's row that holds the correct answer: a text, a number, or a list of these.</summary>
    [Required(ErrorMessage = "must name a field of the prompts' rows")]
    public string Field { get; init; } = "answer";

    /// <summary>
    /// Only the text after the last of these counts, such as &lt;/think&gt;; a response without it is wrong. Empty for the whole response.
    /// </summary>
    public string After { get; init; } = "";

    public override IReadOnlyList<string> RowFields => [Field];

    public sealed override double Score(TextResponse answer) =>
        answer.Text.LastIndexOf(After, StringComparison.Ordinal) is >= 0 and var at
        && IsCorrect(After.Length == 0 ? answer.Text : answer.Text[(at + After.Length)..], answer)
            ? 1
            : 0;

    /// <param name="text">The text that counts.</param>
    /// <param name="response">The response, with the row of its prompt.</param>
    protected abstract bool IsCorrect(string text, TextResponse response);
}
