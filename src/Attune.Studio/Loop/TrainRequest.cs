using System.Globalization;
using Attune.Data;
using Attune.Reporting.Reports;

namespace Attune.Studio.Loop;

/// <summary>A run that an owner wants to start, on the decisions or on the prompts of a project.</summary>
/// <param name="Method">The training method.</param>
/// <param name="Model">The model to start from.</param>
/// <param name="OtherModels">The other models that the method needs, each with its key.</param>
/// <param name="Overrides">key=value arguments over the recipe, as on the command line.</param>
sealed record TrainRequest(
    MethodDescription Method, ModelChoice Model, IReadOnlyList<(string Key, ModelChoice Model)> OtherModels,
    IReadOnlyList<string> Overrides)
{
    /// <summary>Keys of models besides <c>model</c>. A form asks for those that are main keys of a method.</summary>
    public const string RewardModel = "rewardModel", Teacher = "teacher";

    /// <summary>The files that the studio writes.</summary>
    static readonly string[] OwnFiles = ["data.train", "data.heldOut"];

    static string Workers => $"training.workers={Math.Min(4, Environment.ProcessorCount)}";

    /// <summary>Whether a method learns from the prompts of a project instead of its decisions.</summary>
    public static bool ReadsPrompts(MethodDescription method) => method.Reads == DataUse.Prompts;

    /// <exception cref="InvalidDataException">A field is invalid.</exception>
    public static TrainRequest Read(Fields fields, ModelChoices models, StudioOptions options)
    {
        var method = options.Methods.FirstOrDefault(method => method.Name == fields.Text("method"))
            ?? throw new InvalidDataException($"there is no method '{fields.Text("method")}'; reload the page and choose one");
        var model = models.Chosen(fields, "model")[0];
        string[] words =
        [
            .. model.IsSmall ? [.. ShippedRecipe.Words(method.Name), Workers] : Array.Empty<string>(),
            .. Word("training.epochs", fields.NumberOrNull("epochs", 0.01, 1000)),
            .. Word("training.steps", fields.NumberOrNull("steps", 1, 10_000_000)),
            .. Word("optimizer.learningRate", fields.NumberOrNull("rate", 1e-9, 1)),
            .. fields.Text("keys").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        ];
        string[] others = [RewardModel, Teacher];
        return new(method, model, [.. others.Where(method.MainKeys.Contains).Select(key => (key, models.Chosen(fields, key)[0]))], words);
    }

    /// <summary>All arguments of the run. Those that the studio sets are last, so they override the others.</summary>
    /// <param name="output">The run folder.</param>
    /// <param name="train">The training data.</param>
    /// <param name="heldOut">The held-out data; empty to hold out a share of the training data.</param>
    public IReadOnlyList<string> All(string output, string train, string heldOut) =>
    [
        .. Overrides, $"model={Model.Path}", .. OtherModels.Select(other => $"{other.Key}={other.Model.Path}"),
        $"data.train={train}", $"data.heldOut={heldOut}", $"run.output={output}",
    ];

    /// <summary>The complete recipe.</summary>
    /// <exception cref="InvalidDataException">
    /// A key is unknown, a value is invalid, or the recipe sets what only the command line may set: a reward, a tool or an environment,
    /// which may start a program, or a file to read.
    /// </exception>
    public string Recipe(StudioOptions options, IReadOnlyList<string> words)
    {
        var recipe = options.Recipe(Method.Name, words);
        if (recipe.ProgramKeys.Count > 0)
            throw new InvalidDataException(
                $"{Named(recipe.ProgramKeys)}: rewards, tools and environments can only be set on the command line, since they may start "
                + "programs; runs of the studio use the reward model");
        string[] files = [.. recipe.FileKeys.Except(OwnFiles)];
        return files.Length == 0 ? recipe.Text : throw new InvalidDataException(
            $"{Named(files)}: files can only be set on the command line; runs of the studio read the data of their project");
    }

    static string Named(IReadOnlyList<string> keys) => string.Join(", ", keys.Select(key => $"`{key}`"));

    static string[] Word(string key, double? value) =>
        value is { } number ? [$"{key}={number.ToString("R", CultureInfo.InvariantCulture)}"] : [];
}
