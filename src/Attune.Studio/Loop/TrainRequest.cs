using System.Globalization;

namespace Attune.Studio.Loop;

/// <summary>A run that an owner wants to start: a reward model from what people decided, or PPO with a reward model.</summary>
/// <param name="Method"><c>reward</c> or <c>ppo</c>.</param>
/// <param name="Model">Where it begins.</param>
/// <param name="RewardModel">Of PPO.</param>
/// <param name="Overrides">Over the recipe, as on the command line.</param>
sealed record TrainRequest(string Method, ModelChoice Model, ModelChoice? RewardModel, IReadOnlyList<string> Overrides)
{
    public const string Reward = "reward", Ppo = "ppo";

    static string Workers => $"training.workers={Math.Min(4, Environment.ProcessorCount)}";

    /// <exception cref="InvalidDataException">A field is wrong.</exception>
    public static TrainRequest Read(Fields fields, ModelChoices models)
    {
        var method = fields.Text("method") == Ppo ? Ppo : Reward;
        var model = models.Chosen(fields, "model")[0];
        string[] words =
        [
            .. model.IsSmall ? [.. ShippedRecipe.Words(method), Workers] : Array.Empty<string>(),
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
        .. Overrides, $"model={Model.Path}", .. RewardModel is null ? Array.Empty<string>() : [$"rewardModel={RewardModel.Path}"],
        $"data.train={train}", $"data.heldOut={heldOut}", $"run.output={output}",
    ];

    /// <summary>The recipe that comes of it.</summary>
    /// <exception cref="InvalidDataException">
    /// A word is no key, a value is wrong, or the run would do what only who has the machine may do.
    /// </exception>
    public string Recipe(StudioOptions options, IReadOnlyList<string> words)
    {
        var recipe = options.Recipe(Method, words);
        if (ShippedRecipe.HasItems(recipe, "rewards", "goldReward"))
            throw new InvalidDataException(
                "rewards and goldReward: they may start programs, so they are given on the command line only; "
                + "here the reward is the reward model");
        return recipe;
    }

    static string[] Word(string key, double? value) => value is { } number ? [$"{key}={number.ToString("R", CultureInfo.InvariantCulture)}"] : [];
}
