
namespace Attune.Training.Recipes;

/// <summary>A training method: its name, what it does in a few words, and a recipe with its defaults.</summary>
public sealed record TrainingMethod(string Name, string Summary, Func<IRecipe> NewRecipe);

/// <summary>The one list of training methods.</summary>
public static class AlgorithmCatalog
{
    public static IReadOnlyList<TrainingMethod> All { get; } =
    [
        new("pretrain", "a language model from documents", () => new PretrainRecipe()),
        new("sft", "answers as people wrote them", () => new SftRecipe()),
        new("reward", "a score from people's rankings", () => new RewardRecipe()),
        new("dpo", "answers that people prefer, learned from comparisons", () => new DpoRecipe()),
        new("ppo", "answers that score higher, near the reference", () => new PpoRecipe()),
        new("grpo", "answers that score higher than others to the same prompt", () => new GrpoRecipe()),
    ];

    public static string Names => string.Join(", ", All.Select(method => method.Name));

    public static TrainingMethod? Find(string name) => All.FirstOrDefault(method => method.Name == name);
}
