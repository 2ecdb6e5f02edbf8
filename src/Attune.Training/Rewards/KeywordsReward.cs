using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Rewards;

/// <summary>The share of some words or phrases that stand in an answer.</summary>
public sealed record KeywordsReward : RuleReward, IValidatableObject
{
    public override string Kind => "keywords";

    /// <summary>Words or phrases; each counts when it stands in the answer as a whole, and not within a longer word.</summary>
    [MinLength(1, ErrorMessage = "must have at least one word")]
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Whether upper and lower case differ.</summary>
    public bool MatchCase { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Words.Any(string.IsNullOrWhiteSpace))
            yield return new("must have no empty word", [nameof(Words)]);
    }

    public override double Score(TextResponse answer) => Words.Count(word => Stands(word, answer.Text)) / (double)Words.Count;

    bool Stands(string word, string text)
    {
        var comparison = MatchCase ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        for (var at = text.IndexOf(word, comparison); at >= 0; at = text.IndexOf(word, at + 1, comparison))
            if (!IsLetter(text, at - 1) && !IsLetter(text, at + word.Length))
                return true;
        return false;
    }

    static bool IsLetter(string text, int at) => at >= 0 && at < text.Length && char.IsLetterOrDigit(text[at]);
}
