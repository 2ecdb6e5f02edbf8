using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;

namespace Attune.Cli;

/// <summary>An option with a value of an enumeration, which is typed and shown as in recipes: <c>mean</c>, not <c>Mean</c>.</summary>
static class ChoiceOption
{
    public static Option<T> Create<T>(string name, string description, T value = default)
        where T : struct, Enum => new(name)
    {
        Description = description,
        HelpName = string.Join('|', Names<T>()),
        DefaultValueFactory = _ => value,
        CustomParser = result => Parse<T>(result, name) ?? value,
    };

    /// <summary>An option that may be left out: its value is then null.</summary>
    public static Option<T?> CreateOptional<T>(string name, string description)
        where T : struct, Enum => new(name)
    {
        Description = description,
        HelpName = string.Join('|', Names<T>()),
        CustomParser = result => Parse<T>(result, name),
    };

    /// <summary>A value as it is typed.</summary>
    public static string Name(Enum value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    static IEnumerable<string> Names<T>()
        where T : struct, Enum => Enum.GetValues<T>().Select(value => Name(value));

    /// <summary>The value; null after adding an error.</summary>
    static T? Parse<T>(ArgumentResult result, string name)
        where T : struct, Enum
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        foreach (var value in Enum.GetValues<T>())
            if (text.Equals(Name(value), StringComparison.OrdinalIgnoreCase))
                return value;
        result.AddError($"{name} must be one of {string.Join(", ", Names<T>())} (was '{text}').");
        return null;
    }
}
