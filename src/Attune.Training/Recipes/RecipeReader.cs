using Attune.Input;
using Attune.Text;
using Attune.Training.Options;
using YamlDotNet.RepresentationModel;

namespace Attune.Training.Recipes;

/// <summary>
/// Reads recipes: YAML files whose keys are the properties of a recipe, and <c>key=value</c> arguments that override them. All errors
/// are reported at once.
/// </summary>
public static class RecipeReader
{
    /// <summary>Reads a recipe.</summary>
    /// <param name="method">The method, or null to take it from the file.</param>
    /// <param name="file">A YAML file, or null for the defaults.</param>
    /// <param name="overrides">Arguments such as <c>optimizer.learningRate=1e-4</c>; <c>learningRate=1e-4</c> is enough where one key only
    /// ends so.</param>
    /// <param name="notice">Called with a message for each renamed key; null for none.</param>
    /// <param name="pathsMustExist">Whether files and folders that do not exist are errors too, as before a run.</param>
    /// <exception cref="InvalidDataException">The file or the overrides are invalid; the message lists all errors.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static (TrainingMethod Method, IRecipe Recipe) Read(
        string? method, string? file, IReadOnlyList<string> overrides, Action<string>? notice = null, bool pathsMustExist = false)
    {
        var (found, recipe, valueErrors) = Bind(method, file, overrides, notice);
        string[] errors = [.. valueErrors, .. pathsMustExist ? RecipePaths.Missing(recipe) : []];
        return errors.Length == 0
            ? (found, recipe)
            : throw new InvalidDataException(
                $"the recipe{(file is null ? "" : " " + file)} cannot be used:\n  {string.Join("\n  ", errors)}");
    }

    /// <summary><see cref="Read"/> with the errors as a list.</summary>
    internal static (TrainingMethod Method, IRecipe Recipe, IReadOnlyList<string> Errors) Bind(
        string? method, string? file, IReadOnlyList<string> overrides, Action<string>? notice = null)
    {
        var root = file is null ? new YamlMappingNode() : Parse(file);
        var found = Method(method, file, root);
        var errors = new List<string>();
        var defaults = found.NewRecipe();
        var former = new FormerKeys(defaults.FormerKeys, notice ?? (_ => { }));
        former.Replace(root);
        new RecipeOverrides(root, defaults.GetType(), former, errors).Apply(overrides);
        string[] keys = [.. RecipeKeys.All(defaults.GetType()).Select(row => row.Key)];
        var recipe = (IRecipe)new RecipeBinder(file, errors, all: keys).Bind(root, defaults, path: "");
        return (found, recipe, [.. errors, .. Validation.Check(recipe)]);
    }

    static TrainingMethod Method(string? requested, string? file, YamlMappingNode root)
    {
        var key = new YamlScalarNode("method");
        var written = root.Children.TryGetValue(key, out var node) ? (node as YamlScalarNode)?.Value ?? "" : null;
        root.Children.Remove(key);
        if (requested is not null && written is not null && requested != written)
            throw new InvalidDataException($"{file} is a recipe for {written}, not for {requested}; use `attune {written} {file}`");
        var name = requested ?? written ?? throw new InvalidDataException($"{file}: 'method' is missing; known are {MethodCatalog.Names}");
        var nearest = NearestName.Find(name, MethodCatalog.All.Select(method => method.Name));
        var meant = nearest is null ? "" : $" Did you mean '{nearest}'?";
        return MethodCatalog.Find(name)
            ?? throw new InvalidDataException($"{file}: the method '{name}' is not known; known are {MethodCatalog.Names}.{meant}");
    }

    internal static YamlMappingNode Parse(string file)
    {
        if (!File.Exists(file))
            throw new FileNotFoundException($"there is no recipe {file}; `attune recipe METHOD` prints one");
        using var reader = InputFile.OpenText(file);
        return (Load(reader, file) ?? new YamlMappingNode()) as YamlMappingNode
            ?? throw new InvalidDataException($"{file}: must have keys with values, as `attune recipe METHOD` prints them");
    }

    static YamlNode? Load(TextReader reader, string file)
    {
        try
        {
            return BoundedYaml.Load(reader);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{file}, {error.Message}", error);
        }
    }
}
