using System.Reflection;
using Attune.Hub;

namespace Attune.Training.Options;

/// <summary>Paths of recipes.</summary>
public static class RecipePaths
{
    /// <summary>The absolute path; empty stays empty.</summary>
    public static string Full(string path) => path.Length == 0 ? "" : Path.GetFullPath(path);

    /// <summary>The same for data, which may be a name of the Hugging Face Hub that is in the cache.</summary>
    public static string Data(string path) =>
        (Path.Exists(path) ? null : HubLookup.Find(HubKind.Dataset, path)) ?? Full(path);

    /// <summary>What is wrong with the files, folders and models that a recipe names, each with its full key.</summary>
    internal static IReadOnlyList<string> Missing(object recipe) =>
    [
        .. from option in Validation.OptionsOf(recipe)
           let rule = option.Property.GetCustomAttribute<ExistingPathAttribute>()
           where rule is not null
           from path in option.Value as IReadOnlyList<string> ?? [(string)option.Value!]
           where path.Length > 0
           let problem = Problem(rule, path)
           where problem is not null
           select $"`{option.Key}`{problem}",
    ];

    static string? Problem(ExistingPathAttribute rule, string path)
    {
        var isFolder = rule.IsFolder || rule.IsModel;
        if (rule.IsModel ? ModelPath.Problem(path) is null : isFolder ? Directory.Exists(path) : Path.Exists(Data(path)))
            return null;
        return rule.IsModel && Path.Exists(path)
            ? $": {ModelPath.Problem(path)}."
            : $" must be an existing {(isFolder ? "folder" : "file or folder")} (was {path}{In(path)})"
                + (rule.IsFolder ? "" : HubLookup.Hint(rule.IsModel ? HubKind.Model : HubKind.Dataset, path)) + ".";
    }

    static string In(string path) => Path.IsPathRooted(path) ? "" : $", in {Environment.CurrentDirectory}";
}
