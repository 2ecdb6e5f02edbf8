using System.Reflection;

namespace Attune.Training.Options;

/// <summary>Paths of recipes.</summary>
public static class RecipePaths
{
    /// <summary>The absolute path; empty stays empty.</summary>
    public static string Full(string path) => path.Length == 0 ? "" : Path.GetFullPath(path);

    /// <summary>The files and folders of a recipe that do not exist, each with its full key.</summary>
    public static IReadOnlyList<string> Missing(object recipe) =>
    [
        .. from option in Validation.OptionsOf(recipe)
           let rule = option.Property.GetCustomAttribute<ExistingPathAttribute>()
           where rule is not null
           from path in option.Value as IReadOnlyList<string> ?? [(string)option.Value!]
           where path.Length > 0 && !(rule.IsFolder ? Directory.Exists(path) : Path.Exists(path))
           select $"`{option.Key}` must be an existing {(rule.IsFolder ? "folder" : "file or folder")} (was {path}{In(path)}).",
    ];

    static string In(string path) => Path.IsPathRooted(path) ? "" : $", in {Environment.CurrentDirectory}";
}
