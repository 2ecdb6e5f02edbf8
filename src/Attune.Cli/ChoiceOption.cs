using System.CommandLine;
using System.Text.Json;

namespace Attune.Cli;

/// <summary>An option with a value of an enumeration, which is typed and shown as in recipes: <c>mean</c>, not <c>Mean</c>.</summary>
static class ChoiceOption
{
    public static Option<T> Create<T>(string name, string description, T value = default)
        where T : struct, Enum
    {
        var names = Enum.GetValues<T>().ToDictionary(Name, StringComparer.OrdinalIgnoreCase);
        return new(name)
        {
            Description = description,
            HelpName = string.Join('|', names.Keys),
            DefaultValueFactory = _ => value,
            CustomParser = result =>
            {
                var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                if (!names.TryGetValue(text, out var choice))
                    result.AddError($"{name} must be one of {string.Join(", ", names.Keys)} (was '{text}').");
                return choice;
            },
        };
    }

    /// <summary>An option that may be left out: its value is then null.</summary>
    public static Option<T?> CreateOptional<T>(string name, string description)
        where T : struct, Enum
    {
        var names = Enum.GetValues<T>().ToDictionary(Name, StringComparer.OrdinalIgnoreCase);
        return new(name)
        {
            Description = description,
            HelpName = string.Join('|', names.Keys),
            CustomParser = result =>
            {
                var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                if (names.TryGetValue(text, out var choice))
                    return choice;
                result.AddError($"{name} must be one of {string.Join(", ", names.Keys)} (was '{text}').");
                return null;
            },
        };
    }

    /// <summary>A value as it is typed.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
