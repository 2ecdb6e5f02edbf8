using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;
using Attune.Text;

namespace Attune.Training.Rewards;

/// <summary>
/// 1 for a response whose last number is that of the prompt's row (the last one, where that is a text), within a tolerance; else 0.
/// </summary>
public sealed partial record NumberReward : AnswerReward
{
    /// <summary>A relative tolerance for rounding of decimal numbers.</summary>
    const double Rounding = 1e-9;

    public override string Kind => "number";

    /// <summary>By how much the number may differ.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Tolerance { get; init; }

    protected override bool IsCorrect(string text, TextResponse response)
    {
        var field = string.Join(' ', response.Texts(Field));
        var correct = LastIn(field)
            ?? throw new InvalidDataException(
                $"{response.Prompt.Row!.Origin}: the field '{Field}' must hold a number (was {field.Quoted()})");
        return LastIn(text) is { } found && Math.Abs(found - correct) <= Tolerance + Rounding * Math.Abs(correct);
    }

    /// <summary>
    /// The last number of a text, with or without commas between thousands; a sign after a letter or digit is read as a dash.
    /// </summary>
    public static double? LastIn(string text) =>
        Number().Matches(text) is { Count: > 0 } found
        && double.TryParse(
            found[^1].Value.Replace(",", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number : null;

    [GeneratedRegex(@"(?:(?<![\p{L}\d])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?",
        RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Number();
}
