using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Attune.Text;

namespace Attune.Training.Options;

/// <summary>What the attributes of an option demand of its value, as the middle of a message.</summary>
static class Rules
{
    /// <summary>What a value must be and is not.</summary>
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

    /// <summary>RangeAttribute itself compares as the type of its bounds, so that 0.5 would be 0 between whole numbers.</summary>
    static bool Allows(ValidationAttribute rule, object? value, ValidationContext context) => rule is RangeAttribute range
        ? value is null || InRange(Number(value), range)
        : rule.GetValidationResult(value, context) == ValidationResult.Success;

    static bool InRange(double value, RangeAttribute range)
    {
        var (least, most) = (Number(range.Minimum), Number(range.Maximum));
        return (range.MinimumIsExclusive ? value > least : value >= least) && (range.MaximumIsExclusive ? value < most : value <= most);
    }

    static string Text(ValidationAttribute rule) => rule switch
    {
        AllowedValuesAttribute { Values: var values } => $"must be {OneOf([.. values.Select(value => $"{value}")])}",
        { ErrorMessage: { } own } => own,
        RangeAttribute range => $"must be {Text(range)}",
        RequiredAttribute => "must be given",
        MinLengthAttribute { Length: 1 } => "must not be empty",
        RegularExpressionAttribute { Pattern: var pattern } => $"must match the regular expression {pattern}",
        _ => $"must satisfy {rule.GetType().Name}",
    };

    static string Text(RangeAttribute range)
    {
        var (least, most) = (Number(range.Minimum), Number(range.Maximum));
        var (hasLeast, hasMost) = (double.IsFinite(least), most < int.MaxValue);
        if (hasLeast && hasMost && range is { MinimumIsExclusive: false, MaximumIsExclusive: false })
            return $"from {Shown(least)} to {Shown(most)}";
        string?[] bounds =
        [
            hasLeast ? $"{(range.MinimumIsExclusive ? "above" : "at least")} {Shown(least)}" : null,
            hasMost ? $"{(range.MaximumIsExclusive ? "below" : "at most")} {Shown(most)}" : null,
        ];
        return string.Join(" and ", bounds.OfType<string>());
    }

    static string OneOf(string[] words) => words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";

    static double Number(object value) => Convert.ToDouble(value, CultureInfo.InvariantCulture);

    /// <summary>Decimals where they can be read, so that a millionth is 0.000001 and not 1E-06.</summary>
    static string Shown(double number) =>
        number.ToString(Math.Abs(number) is >= 1e-9 and < 1e9 ? "0.###############" : "R", CultureInfo.InvariantCulture);
}
