using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Attune.Training.Options;

/// <summary>
/// Checks options records against the rules that they declare: the attributes of System.ComponentModel.DataAnnotations on their properties,
/// and <see cref="IValidatableObject"/> for rules across properties. Sections are checked with the record that holds them.
/// </summary>
public static class Validation
{
    const BindingFlags Members = BindingFlags.Public | BindingFlags.Instance;

    /// <summary>Every rule that is broken, with its full key: <c>`ppo.klCoef` must be at least 0 (was -1).</c></summary>
    /// <param name="options">A record, or a list of records.</param>
    /// <param name="path">The key of the record or list itself; empty for none.</param>
    public static IReadOnlyList<string> Check(object options, string path = "") => [.. Below(options, path)];

    /// <summary>Throws where a rule is broken.</summary>
    /// <inheritdoc cref="Check"/>
    /// <exception cref="InvalidDataException">A rule is broken; the message lists all broken rules.</exception>
    public static void ThrowIfInvalid(object options, string path = "")
    {
        if (Check(options, path) is { Count: > 0 } problems)
            throw new InvalidDataException(string.Join("\n", problems));
    }

    /// <summary>
    /// A broken rule of an option in a section of a record; the expression that reads the option, such as Ppo.KlCoef, names it.
    /// </summary>
    /// <param name="value">The option, as the record reads it.</param>
    /// <param name="rule">What the option must be; the key and the value are added to it.</param>
    /// <param name="member">Filled in by the compiler.</param>
    public static ValidationResult Broken(object? value, string rule, [CallerArgumentExpression(nameof(value))] string member = "") =>
        new(rule, [member]);

    /// <summary>Every option of a record, its sections and lists, with its full key.</summary>
    internal static IEnumerable<(string Key, PropertyInfo Property, object? Value)> OptionsOf(object? value, string path = "") =>
        value switch
        {
            IReadOnlyList<object> items and not IReadOnlyList<string> =>
                items.Index().SelectMany(row => OptionsOf(row.Item, Join(path, $"{row.Index}"))),
            not null when IsRecord(value.GetType()) => Properties(value.GetType())
                .Select(property => (Key: Key(path, property.Name), Property: property, Value: property.GetValue(value)))
                .SelectMany(option => OptionsOf(option.Value, option.Key).Prepend(option)),
            _ => [],
        };

    static IEnumerable<string> Below(object? value, string path) => value switch
    {
        IReadOnlyList<object> items => items.Index().SelectMany(row => Below(row.Item, Join(path, $"{row.Index}"))),
        not null when IsRecord(value.GetType()) => InRecord(value, path),
        _ => [],
    };

    static IEnumerable<string> InRecord(object record, string path)
    {
        foreach (var property in Properties(record.GetType()))
        {
            var (key, value) = (Key(path, property.Name), property.GetValue(record));
            foreach (var rule in Rules.Broken(property, value, record))
                yield return Message(key, rule, value);
            foreach (var problem in Below(value, key))
                yield return problem;
        }
        if (record is IValidatableObject validatable)
            foreach (var result in validatable.Validate(new(record)))
                foreach (var member in result.MemberNames)
                    yield return Message(Key(path, member), result.ErrorMessage!, ValueOf(record, member));
    }

    static IEnumerable<PropertyInfo> Properties(Type record) => record.GetProperties(Members).Where(property => property.CanWrite);

    /// <summary>The compiler generates this method for records only.</summary>
    static bool IsRecord(Type type) => type.GetMethod("<Clone>$") is not null;

    static string Message(string key, string rule, object? value) =>
        $"`{key}` {rule}{(Rules.Shown(value) is { } shown ? $" (was {shown})" : "")}.";

    static string Key(string path, string member) =>
        Join(path, string.Join('.', member.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName)));

    static string Join(string path, string key) => path.Length > 0 ? $"{path}.{key}" : key;

    static object? ValueOf(object record, string member) =>
        member.Split('.').Aggregate((object?)record, (value, name) => value?.GetType().GetProperty(name, Members)!.GetValue(value));
}
