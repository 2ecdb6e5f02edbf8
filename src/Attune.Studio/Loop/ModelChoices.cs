using Attune.Studio.Runs;

namespace Attune.Studio.Loop;

/// <summary>A model that an owner may choose.</summary>
/// <param name="Name">The name of its run, or the end of its path; its responses get it as their source.</param>
/// <param name="Path">The model's folder.</param>
sealed record ModelChoice(string Name, string Path)
{
    /// <summary>In bytes; smaller models use the learning rates of the shipped recipes.</summary>
    const long SmallModel = 64 << 20;

    public bool IsSmall => Directory.EnumerateFiles(Path, "*.safetensors").Sum(file => new FileInfo(file).Length) < SmallModel;
}

/// <summary>The models of runs, and any other that an owner names by its folder, as on the command line.</summary>
sealed class ModelChoices(RunList runs)
{
    readonly Lazy<IReadOnlyList<RunEntry>> all = new(() => [.. runs.All()]);

    public IReadOnlyList<RunEntry> LanguageModels =>
        [.. all.Value.Where(run => run is { HasModel: true, Method.MakesRewardModel: false })];

    /// <summary>Those that score whole responses.</summary>
    public IReadOnlyList<RunEntry> RewardModels => Rewards(scoresSteps: false);

    /// <summary>Those that score the steps of a response.</summary>
    public IReadOnlyList<RunEntry> ProcessRewardModels => Rewards(scoresSteps: true);

    RunEntry[] Rewards(bool scoresSteps) =>
        [.. all.Value.Where(run => run is { HasModel: true, Method.MakesRewardModel: true } && run.Method.ScoresSteps == scoresSteps)];

    /// <summary>The models selected in a field by the keys of runs, and the one entered in the field with the suffix <c>Path</c>.</summary>
    /// <exception cref="InvalidDataException">Nothing is selected, or there is no such model.</exception>
    public IReadOnlyList<ModelChoice> Chosen(Fields fields, string name)
    {
        var path = fields.Text($"{name}Path");
        ModelChoice[] chosen = [.. fields.All(name).Where(key => key.Length > 0).Select(OfRun),
            .. path.Length > 0 ? [OfFolder(path)] : Array.Empty<ModelChoice>()];
        return chosen.Length > 0 ? chosen : throw new InvalidDataException($"{name}: choose a listed model, or enter a folder");
    }

    ModelChoice OfRun(string key) => runs.Find(key) is { HasModel: true } run
        ? new(run.Name, run.Folder.Model)
        : throw new InvalidDataException($"there is no run {key} with a model; reload the page");

    static ModelChoice OfFolder(string path)
    {
        var full = path.Contains('\0', StringComparison.Ordinal) ? "" : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return full.Length > 0 && File.Exists(Path.Combine(full, "config.json"))
            ? new(Path.GetFileName(full), full)
            : throw new InvalidDataException($"{path} is not a folder with a model (config.json, safetensors, tokenizer)");
    }
}
