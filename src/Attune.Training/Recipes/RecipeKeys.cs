using System.Reflection;
using System.Text.Json;

namespace Attune.Training.Recipes;

/// <summary>The keys that the properties of an options record have in a recipe.</summary>
static class RecipeKeys
{
    /// <summary>The settable properties of a record with their keys, in the order they are written.</summary>
    public static IEnumerable<(string Key, PropertyInfo Property)> Of(Type record) =>
        from property in record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.CanWrite
        select (JsonNamingPolicy.CamelCase.ConvertName(property.Name), property);

    /// <summary>Whether a property is a record with keys of its own.</summary>
    public static bool IsSection(Type type) => type.IsClass && type != typeof(string) && !type.IsArray;

    /// <summary>The full keys of all values below a record: <c>optimizer.schedule.kind</c>.</summary>
    public static IEnumerable<string> All(Type record, string prefix = "") =>
        Of(record).SelectMany(row => IsSection(row.Property.PropertyType)
            ? All(row.Property.PropertyType, $"{prefix}{row.Key}.")
            : [prefix + row.Key]);
}
