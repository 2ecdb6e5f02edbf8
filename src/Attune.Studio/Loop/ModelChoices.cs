using Attune.Studio.Runs;

namespace Attune.Studio.Loop;

/// <summary>A model that an owner may choose.</summary>
/// <param name="Name">Of its run, or the end of its path: what answers of it are signed with.</param>
/// <param name="Path">Its folder.</param>
sealed record ModelChoice(string Name, string Path)
{
    /// <summary>Up to here a model is small, and learns at the rates of the recipes for small models.</summary>
    const long SmallModel = 64 << 20;

    public bool IsSmall => Directory.EnumerateFiles(Path, "*.safetensors").Sum(file => new FileInfo(file).Length) < SmallModel;
}

/// <summary>The models that runs have made; and any other that an owner names by its folder, as on the command line.</summary>
sealed class ModelChoices(RunList runs)
{
    public IReadOnlyList<RunEntry> LanguageModels =>
        [.. runs.All().Where(run => run is { HasModel: true, Method.MakesRewardModel: false })];

    public IReadOnlyList<RunEntry> RewardModels =>
        [.. runs.All().Where(run => run is { HasModel: true, Method.MakesRewardModel: true })];

    /// <summary>What was ticked or chosen under a name, by the keys of runs, and written under the name with <c>Path</c> behind it.</summary>
    /// <exception cref="InvalidDataException">Nothing was, or there is no such model.</exception>
    public IReadOnlyList<ModelChoice> Chosen(Fields fields, string name)
    {
        var path = fields.Text($"{name}Path");
        ModelChoice[] chosen = [.. fields.All(name).Where(key => key.Length > 0).Select(OfRun), .. path.Length > 0 ? [OfFolder(path)] : Array.Empty<ModelChoice>()];
        return chosen.Length > 0 ? chosen : throw new InvalidDataException($"{name}: one of the listed models, or a folder, was expected; found nothing");
    }

    ModelChoice OfRun(string key) => runs.Find(key) is { HasModel: true } run
        ? new(run.Name, run.Folder.Model)
        : throw new InvalidDataException($"there is no run {key} with a model; load the page again");

    static ModelChoice OfFolder(string path)
    {
        var full = path.Contains('\0', StringComparison.Ordinal) ? "" : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return full.Length > 0 && File.Exists(Path.Combine(full, "config.json"))
            ? new(Path.GetFileName(full), full)
            : throw new InvalidDataException($"a folder with a model (config.json, safetensors, tokenizer) was expected, found none at {path}");
    }
}
