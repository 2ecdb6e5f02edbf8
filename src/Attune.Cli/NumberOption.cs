using System.CommandLine;
using System.Globalization;

namespace Attune.Cli;

/// <summary>An option that is a number as recipes write it: a point before the decimals, and no commas.</summary>
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
                result.AddError($"{name}: a number was expected, found '{text}'");
            return number;
        },
    };
}
