using Attune.Hub;
using Attune.Models.Checkpoints;
using Attune.Reporting.Runs;

namespace Attune.Training.Options;

/// <summary>
/// Finds the folder of a model that a recipe, a command or a program names: by the model's folder, by the folder of the run that trained it
/// (<c>model/</c> in it), or by the name of a model of the Hugging Face Hub that is in the cache.
/// </summary>
public static class ModelPath
{
    /// <summary>The absolute path of the model's folder; empty stays empty.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It is a file, or a run that has not finished.</exception>
    public static string Find(string name) => TryFind(name, out var folder) is { } problem ? throw problem : folder;

    /// <summary>The same; the absolute path of the name itself where there is a <see cref="Problem"/>.</summary>
    public static string Full(string name)
    {
        _ = TryFind(name, out var folder);
        return folder;
    }

    /// <summary>Why a name is not that of a model; null where it is one, or empty.</summary>
    internal static string? Problem(string name) => TryFind(name, out _)?.Message;

    /// <summary>Whether a name is that of an adapter.</summary>
    internal static bool IsAdapter(string name) => TryFind(name, out var folder) is null && folder.Length > 0 && Peft.IsAdapter(folder);

    /// <summary>Finds the folder; returns what is wrong, or null.</summary>
    static Exception? TryFind(string name, out string folder)
    {
        folder = name.Length == 0 ? "" : Path.GetFullPath(name);
        if (name.Length == 0 || IsModel(folder))
            return null;
        if (!Directory.Exists(folder))
        {
            if (HubLookup.Find(HubKind.Model, name) is not { } cached)
                return File.Exists(folder)
                    ? new InvalidDataException($"{name} is a file; a model is a folder, with config.json and model.safetensors")
                    : new DirectoryNotFoundException($"there is no folder {name}{HubLookup.Hint(HubKind.Model, name)}");
            folder = cached;
            return null;
        }
        var run = new RunFolder(folder);
        if (!run.HasStarted)
            return null;
        if (!Directory.Exists(run.Model))
            return new InvalidDataException(
                $"the run {name} has no model yet, because it has not finished; `attune train {name}` resumes it");
        folder = run.Model;
        return null;
    }

    static bool IsModel(string folder) =>
        File.Exists(Path.Combine(folder, "config.json")) || File.Exists(Path.Combine(folder, Peft.ConfigFile));
}
