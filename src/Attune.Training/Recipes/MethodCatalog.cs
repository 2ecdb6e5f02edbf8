using Attune.Data;

namespace Attune.Training.Recipes;

/// <summary>The list of training methods, which commands, recipes, help and reports are made from.</summary>
public static class MethodCatalog
{
    public static IReadOnlyList<TrainingMethod> All { get; } =
    [
        PretrainRecipe.Method, SftRecipe.Method, RewardRecipe.Method, PrmRecipe.Method, DpoRecipe.Method,
        CpoRecipe.Method, OrpoRecipe.Method, TpoRecipe.Method, KtoRecipe.Method, BcoRecipe.Method,
        IlqlRecipe.Method, GkdRecipe.Method, PpoRecipe.Method, GrpoRecipe.Method, RlooRecipe.Method,
        ReinforceRecipe.Method, A2cRecipe.Method, TrpoRecipe.Method, NlpoRecipe.Method, RftRecipe.Method,
        OnlineDpoRecipe.Method, XpoRecipe.Method, NashMdRecipe.Method, MiniLlmRecipe.Method,
    ];

    /// <summary>The names of the methods that learn from a kind of examples.</summary>
    public static IReadOnlyList<string> ThatRead(DataUse use) =>
        [.. All.Where(method => method.Reads == use).Select(method => method.Name)];

    public static string Names => string.Join(", ", All.Select(method => method.Name));

    public static TrainingMethod? Find(string name) => All.FirstOrDefault(method => method.Name == name);

    /// <summary>The method that a recipe is for.</summary>
    /// <exception cref="ArgumentException">No method has recipes of this type.</exception>
    public static TrainingMethod For(IRecipe recipe) => All.FirstOrDefault(method => method.NewRecipe().GetType() == recipe.GetType())
        ?? throw new ArgumentException($"no training method has the recipe {recipe.GetType().Name}; known are {Names}", nameof(recipe));
}
