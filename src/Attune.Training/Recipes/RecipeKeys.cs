using System.Reflection;
using System.Text.Json;
using Attune.Training.Rewards;

namespace Attune.Training.Recipes;

/// <summary>The keys that the properties of an options record have in a recipe.</summary>
static class RecipeKeys
{
    /// <summary>The key of an item of a list that says what record the item is.</summary>
    public const string Kind = "kind";

    /// <summary>The settable properties of a record with their keys, in the order they are written.</summary>
    public static IEnumerable<(string Key, PropertyInfo Property)> Of(Type record) =>
        from property in record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.CanWrite
        orderby typeof(IRecipe).IsAssignableFrom(record) ? Depth(property.DeclaringType!) : 0        // what methods share comes first
        select (JsonNamingPolicy.CamelCase.ConvertName(property.Name), property);

    /// <summary>Whether a property is a record with keys of its own.</summary>
    public static bool IsSection(Type type) => type.IsClass && type != typeof(string) && !type.IsArray;

    /// <summary>What a list holds; null for a type that is no list.</summary>
    public static Type? ItemType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>The records that an item of a list may be, by the kind that its keys say; null where all items are of one record.</summary>
    public static IReadOnlyDictionary<string, RewardOptions>? Kinds(Type item) => item == typeof(RewardOptions) ? RewardSources.Kinds : null;

    /// <summary>The full keys of all values below a record, as <c>optimizer.schedule.kind</c>, with their types.</summary>
    public static IEnumerable<(string Key, Type Type)> All(Type record, string prefix = "") =>
        Of(record).SelectMany(row => IsSection(row.Property.PropertyType)
            ? All(row.Property.PropertyType, $"{prefix}{row.Key}.")
            : [(prefix + row.Key, row.Property.PropertyType)]);

    static int Depth(Type type) => type.BaseType is { } below ? 1 + Depth(below) : 0;
}
