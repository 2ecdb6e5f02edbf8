using System.CommandLine;
using System.Globalization;

namespace Attune.Cli;

/// <summary>An option with a number in the notation of recipes: a decimal point and no thousands separators.</summary>
static class NumberOption
{
    public static Option<double> Create(string name, string description, double value) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
                result.AddError($"{name} must be a number such as 0.5 (was '{text}').");
            return number;
        },
    };
}
