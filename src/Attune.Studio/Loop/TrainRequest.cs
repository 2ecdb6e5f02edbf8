using System.Globalization;

namespace Attune.Studio.Loop;

/// <summary>A run that an owner wants to start: a reward model from annotations, or PPO with a reward model.</summary>
/// <param name="Method"><c>reward</c> or <c>ppo</c>.</param>
/// <param name="Model">The model to start from.</param>
/// <param name="RewardModel">The reward model of PPO.</param>
/// <param name="Overrides">key=value arguments over the recipe, as on the command line.</param>
sealed record TrainRequest(string Method, ModelChoice Model, ModelChoice? RewardModel, IReadOnlyList<string> Overrides)
{
    public const string Reward = "reward", Ppo = "ppo";

    static string Workers => $"training.workers={Math.Min(4, Environment.ProcessorCount)}";

    /// <exception cref="InvalidDataException">A field is invalid.</exception>
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

    /// <summary>All arguments of the run. Those that the studio sets are last, so they override the others.</summary>
    /// <param name="output">The run folder.</param>
    /// <param name="train">The training data.</param>
    /// <param name="heldOut">The held-out data; empty to hold out a share of the training data.</param>
    public IReadOnlyList<string> All(string output, string train, string heldOut) =>
    [
        .. Overrides, $"model={Model.Path}", .. RewardModel is null ? Array.Empty<string>() : [$"rewardModel={RewardModel.Path}"],
        $"data.train={train}", $"data.heldOut={heldOut}", $"run.output={output}",
    ];

    /// <summary>The complete recipe.</summary>
    /// <exception cref="InvalidDataException">
    /// A key is unknown, a value is invalid, or the recipe sets a reward that may start a program, which only the command line may do.
    /// </exception>
    public string Recipe(StudioOptions options, IReadOnlyList<string> words)
    {
        var recipe = options.Recipe(Method, words);
        if (ShippedRecipe.HasItems(recipe, "rewards", "gold", "goldReward"))
            throw new InvalidDataException(
                "rewards and the gold reward can only be set on the command line, since they may start programs; "
                + "runs of the studio use the reward model");
        return recipe;
    }

    static string[] Word(string key, double? value) =>
        value is { } number ? [$"{key}={number.ToString("R", CultureInfo.InvariantCulture)}"] : [];
}
