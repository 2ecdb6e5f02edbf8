using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>The share of some words or phrases that a response contains.</summary>
public sealed record KeywordsReward : RuleReward, IValidatableObject
{
    public override string Kind => "keywords";

    /// <summary>Words or phrases; each counts when the response contains it as a whole, not as a part of a longer word.</summary>
    [MinLength(1, ErrorMessage = "must have at least one word")]
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Whether the case of letters matters.</summary>
    public bool MatchCase { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Words.Any(string.IsNullOrWhiteSpace))
            yield return new("must not have empty words", [nameof(Words)]);
    }

    public override double Score(TextResponse answer) => Words.Count(word => Contains(word, answer.Text)) / (double)Words.Count;

    bool Contains(string word, string text)
    {
        var comparison = MatchCase ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        for (var at = text.IndexOf(word, comparison); at >= 0; at = text.IndexOf(word, at + 1, comparison))
            if (!IsLetter(text, at - 1) && !IsLetter(text, at + word.Length))
                return true;
        return false;
    }

    static bool IsLetter(string text, int at) => at >= 0 && at < text.Length && char.IsLetterOrDigit(text[at]);
}
