using System.Reflection;
using System.Text.Json;
using Attune.Training.Environments;
using Attune.Training.Options;
using Attune.Training.Rewards;

namespace Attune.Training.Recipes;

/// <summary>The recipe keys of the properties of options records.</summary>
static class RecipeKeys
{
    /// <summary>The key of a list item that selects the record type of the item.</summary>
    public const string Kind = "kind";

    /// <summary>The settable properties of a record with their keys, in the order in which they are written.</summary>
    public static IEnumerable<(string Key, PropertyInfo Property)> Of(Type record) =>
        from property in record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.CanWrite
        orderby typeof(IRecipe).IsAssignableFrom(record) ? Depth(property.DeclaringType!) : 0        // what methods share comes first
        select (JsonNamingPolicy.CamelCase.ConvertName(property.Name), property);

    /// <summary>Whether a property is a section: a record with keys.</summary>
    public static bool IsSection(Type type) => type.IsClass && type != typeof(string) && !type.IsArray;

    /// <summary>The item type of a list; null for a type that is not a list.</summary>
    public static Type? ItemType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>Whether a property is a map of texts.</summary>
    public static bool IsMap(Type type) => type == typeof(IReadOnlyDictionary<string, string>);

    /// <summary>The records of an item type by the value of the key <c>kind</c>; null where all items are of one record type.</summary>
    public static IReadOnlyDictionary<string, IKind>? Kinds(Type item)
    {
        return item == typeof(RewardOptions) ? As(RewardSources.Kinds)
            : item == typeof(ToolOptions) ? As(ToolOptions.Kinds)
            : item == typeof(EnvironmentOptions) ? As(EnvironmentOptions.Kinds)
            : null;

        static Dictionary<string, IKind> As<T>(IReadOnlyDictionary<string, T> kinds) where T : IKind =>
            kinds.ToDictionary(kind => kind.Key, kind => (IKind)kind.Value, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The full keys of all values of a record and its sections, as <c>optimizer.schedule.kind</c>, with their types.</summary>
    public static IEnumerable<(string Key, Type Type)> All(Type record, string prefix = "") =>
        Of(record).SelectMany(row => IsSection(row.Property.PropertyType)
            ? All(row.Property.PropertyType, $"{prefix}{row.Key}.")
            : [(prefix + row.Key, row.Property.PropertyType)]);

    static int Depth(Type type) => type.BaseType is { } below ? 1 + Depth(below) : 0;
}
