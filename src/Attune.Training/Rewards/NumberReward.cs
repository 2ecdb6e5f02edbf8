using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;
using Attune.Text;

namespace Attune.Training.Rewards;

/// <summary>1 when the last number in an answer is the one in the prompt's row, or near it; 0 otherwise.</summary>
public sealed partial record NumberReward : RuleReward
{
    /// <summary>For what decimals lose in binary.</summary>
    const double Rounding = 1e-9;

    public override string Kind => "number";

    /// <summary>The field of the prompt's row that holds the right number: a number, or a text of which the last number counts.</summary>
    [Required(ErrorMessage = "must name a field of the prompts' rows")]
    public string Field { get; init; } = "answer";

    /// <summary>How far from it the number may be.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Tolerance { get; init; }

    public override IReadOnlyList<string> RowFields => [Field];

    public override double Score(TextResponse answer)
    {
        var field = string.Join(' ', answer.Texts(Field));
        var right = LastIn(field)
            ?? throw new InvalidDataException($"{answer.Prompt.Row!.Origin}: '{Field}' should hold a number, found {field.Quoted()}");
        return LastIn(answer.Text) is { } found && Math.Abs(found - right) <= Tolerance + Rounding * Math.Abs(right) ? 1 : 0;
    }

    /// <summary>The last number of a text, with commas between thousands or without; a sign behind a letter or digit is a dash.</summary>
    public static double? LastIn(string text) =>
        Number().Matches(text) is { Count: > 0 } found
        && double.TryParse(found[^1].Value.Replace(",", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number : null;

    [GeneratedRegex(@"(?:(?<![\p{L}\d])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?",
        RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Number();
}
