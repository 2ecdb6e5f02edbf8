using System.Globalization;
using Attune.Training.Recipes;

namespace Attune.Studio.Loop;

/// <summary>A run that an owner wants to start: a reward model from what people decided, or PPO with a reward model.</summary>
/// <param name="Method"><c>reward</c> or <c>ppo</c>.</param>
/// <param name="Model">Where it begins.</param>
/// <param name="RewardModel">Of PPO.</param>
/// <param name="Words">Over the recipe, as on the command line.</param>
sealed record TrainRequest(string Method, ModelChoice Model, ModelChoice? RewardModel, IReadOnlyList<string> Words)
{
    public const string Reward = "reward", Ppo = "ppo";

    /// <summary>What recipes/reward.yaml and recipes/ppo.yaml say: found on models of this size, on a CPU.</summary>
    static IReadOnlyList<string> OfSmallModels(string method) => method == Reward
        ? ["run.threads=1", "training.epochs=2", "training.batchSize=8", "training.microBatchSize=2", Workers, "optimizer.learningRate=7e-4", "optimizer.schedule.warmup=0.2"]
        :
        [
            "run.threads=1", "training.steps=180", "training.batchSize=64", "training.microBatchSize=8", Workers, "optimizer.learningRate=3e-4", "sampling.maxNewTokens=64",
            "sampling.temperature=0.7", "ppo.klCoef=0.05", "ppo.epochs=1", "ppo.miniBatches=2", "scores.scaling=reference", "scores.missingEosPenalty=1",
        ];

    static string Workers => $"training.workers={Math.Min(4, Environment.ProcessorCount)}";

    /// <exception cref="InvalidDataException">A field is wrong.</exception>
    public static TrainRequest Read(Fields fields, ModelChoices models)
    {
        var method = fields.Text("method") == Ppo ? Ppo : Reward;
        var model = models.Chosen(fields, "model")[0];
        string[] words =
        [
            .. model.IsSmall ? OfSmallModels(method) : [],
            .. Word("training.epochs", fields.NumberOrNull("epochs", 0.01, 1000)),
            .. Word("training.steps", fields.NumberOrNull("steps", 1, 10_000_000)),
            .. Word("optimizer.learningRate", fields.NumberOrNull("rate", 1e-9, 1)),
            .. fields.Text("keys").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        ];
        return new(method, model, method == Ppo ? models.Chosen(fields, "rewardModel")[0] : null, words);
    }

    /// <summary>All words of the run. What the studio decides stands behind what was written, and so counts.</summary>
    /// <param name="output">The run folder.</param>
    /// <param name="train">The data.</param>
    /// <param name="heldOut">Data to measure by; empty for a share of the other.</param>
    public IReadOnlyList<string> All(string output, string train, string heldOut) =>
    [
        .. Words, $"model={Model.Path}", .. RewardModel is null ? Array.Empty<string>() : [$"rewardModel={RewardModel.Path}"],
        $"data.train={train}", $"data.heldOut={heldOut}", $"run.output={output}",
    ];

    /// <summary>The recipe that comes of it.</summary>
    /// <exception cref="InvalidDataException">A word is no key, a value is wrong, or the run would do what only who has the machine may do.</exception>
    public string Recipe(IReadOnlyList<string> words)
    {
        var (method, recipe) = RecipeReader.Read(Method, null, words);
        if (recipe is PpoRecipe ppo && (ppo.Rewards.Count > 0 || ppo.Gold.Count > 0))
            throw new InvalidDataException("rewards and gold: they may start programs, so they are given on the command line only; here the reward is the reward model");
        return RecipeWriter.Write(method.Name, recipe, withComments: false);
    }

    static string[] Word(string key, double? value) => value is { } number ? [$"{key}={number.ToString("R", CultureInfo.InvariantCulture)}"] : [];
}
