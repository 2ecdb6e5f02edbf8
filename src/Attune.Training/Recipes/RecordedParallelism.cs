using Attune.Training.Batches;
using YamlDotNet.RepresentationModel;

namespace Attune.Training.Recipes;

/// <summary>The threads, workers and micro-batches that a run recorded in the recipe of its folder.</summary>
static class RecordedParallelism
{
    /// <summary>A recipe with the recorded numbers where it leaves the choice to the program.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="file">The recipe of the run folder, which may have rewards that no file can describe.</param>
    public static IRecipe AddTo(IRecipe recipe, string file)
    {
        var root = RecipeReader.Parse(file);
        var (run, training) = Parallelism.Take(
            recipe.Run, recipe.Training, new() { Threads = Number("run", "threads") ?? 0 },
            new()
            {
                Workers = Number("training", "workers") ?? 0,
                MicroBatchSize = Number("training", "microBatchSize"),
                MicroBatchTokens = Number("training", "microBatchTokens") ?? 0,
            });
        return recipe.With(run, training);

        int? Number(string section, string key) =>
            root.Children.TryGetValue(new YamlScalarNode(section), out var node) && node is YamlMappingNode options
            && options.Children.TryGetValue(new YamlScalarNode(key), out var value)
            && int.TryParse((value as YamlScalarNode)?.Value, out var number)
                ? number
                : null;
    }
}
