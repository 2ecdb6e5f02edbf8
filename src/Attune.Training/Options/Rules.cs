using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Attune.Text;

namespace Attune.Training.Options;

/// <summary>What the attributes of an option require of its value, as the middle part of a message: <c>must be at least 0</c>.</summary>
static class Rules
{
    /// <summary>The rules that a value breaks.</summary>
    public static IEnumerable<string> Broken(PropertyInfo property, object? value, object record)
    {
        if (value is double number && !double.IsFinite(number))
            return ["must be a finite number"];
        var context = new ValidationContext(record) { MemberName = property.Name };
        return property.GetCustomAttributes<ValidationAttribute>().Where(rule => !Allows(rule, value, context)).Select(Text);
    }

    /// <summary>A value as a recipe writes it; null for a section.</summary>
    public static string? Shown(object? value) => value switch
    {
        null => "null",
        "" => "empty",
        string text => text.Quoted(),
        bool flag => flag ? "true" : "false",
        double number => Shown(number),
        Enum choice => JsonNamingPolicy.CamelCase.ConvertName(choice.ToString()),
        IList { Count: 0 } => "empty",
        IList items when items.Cast<object?>().All(item => item is string or ValueType) =>
            $"[{string.Join(", ", items.Cast<object?>().Select(Item))}]",
        ValueType plain => plain.ToString(),
        _ => null,
    };

    static string? Item(object? value) => value is string text ? text.Quoted() : Shown(value);

    /// <summary>
    /// RangeAttribute converts a value to the type of its bounds: 0.5 between integers would be 0. So ranges are compared as doubles.
    /// </summary>
    static bool Allows(ValidationAttribute rule, object? value, ValidationContext context) => rule is RangeAttribute range
        ? value is null || InRange(Number(value), range)
        : rule.GetValidationResult(value, context) == ValidationResult.Success;

    static bool InRange(double value, RangeAttribute range)
    {
        var (minimum, maximum) = (Number(range.Minimum), Number(range.Maximum));
        return (range.MinimumIsExclusive ? value > minimum : value >= minimum)
            && (range.MaximumIsExclusive ? value < maximum : value <= maximum);
    }

    static string Text(ValidationAttribute rule) => rule switch
    {
        AllowedValuesAttribute { Values: var values } => $"must be {OneOf([.. values.Select(value => $"{value}")])}",
        { ErrorMessage: { } message } => message,
        RangeAttribute range => $"must be {Text(range)}",
        RequiredAttribute => "must be given",
        MinLengthAttribute { Length: 1 } => "must not be empty",
        RegularExpressionAttribute { Pattern: var pattern } => $"must match the regular expression {pattern}",
        _ => $"must satisfy {rule.GetType().Name}",
    };

    static string Text(RangeAttribute range)
    {
        var (minimum, maximum) = (Number(range.Minimum), Number(range.Maximum));
        var (hasMinimum, hasMaximum) = (double.IsFinite(minimum), maximum < int.MaxValue);
        if (hasMinimum && hasMaximum && range is { MinimumIsExclusive: false, MaximumIsExclusive: false })
            return $"from {Shown(minimum)} to {Shown(maximum)}";
        string?[] bounds =
        [
            hasMinimum ? $"{(range.MinimumIsExclusive ? "above" : "at least")} {Shown(minimum)}" : null,
            hasMaximum ? $"{(range.MaximumIsExclusive ? "below" : "at most")} {Shown(maximum)}" : null,
        ];
        return string.Join(" and ", bounds.OfType<string>());
    }

    static string OneOf(string[] words) => words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";

    static double Number(object value) => Convert.ToDouble(value, CultureInfo.InvariantCulture);

    /// <summary>Decimal notation where it is readable: 0.000001, not 1E-06.</summary>
    static string Shown(double number) =>
        number.ToString(Math.Abs(number) is >= 1e-9 and < 1e9 ? "0.###############" : "R", CultureInfo.InvariantCulture);
}
