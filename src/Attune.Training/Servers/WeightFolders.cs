using System.Globalization;
using System.Text.Json.Nodes;
using Attune.Reporting.Files;

namespace Attune.Training.Servers;

/// <summary>Weights in a folder, and the request that loads them.</summary>
/// <param name="Number">How often the weights have changed.</param>
/// <param name="Version">The version that servers report.</param>
/// <param name="Folder">The folder.</param>
/// <param name="Path">The path of the request.</param>
/// <param name="Body">Its body.</param>
/// <param name="Model">The name that requests for responses have then; null for the same as before.</param>
sealed record WeightFiles(int Number, string Version, string Folder, string Path, JsonObject Body, string? Model);

/// <summary>
/// Writes the weights of the policy into folders, a new one for each version, because a server may still be reading the one before.
/// </summary>
/// <param name="parent">The parent of these folders.</param>
/// <param name="transfer">How the weights travel.</param>
/// <param name="save">Writes the weights to a folder.</param>
sealed class WeightFolders(string parent, WeightTransfer transfer, Action<string> save)
{
    const string AdapterName = "attune-policy";

    readonly string run = Guid.NewGuid().ToString("N")[..8];       // no server has weights of this process from before
    readonly Lock writing = new();
    WeightFiles? newest;
    int written;

    /// <summary>Writes weights that have changed.</summary>
    /// <param name="number">How often they have changed.</param>
    public void Write(int number)
    {
        lock (writing)
            newest = NewFiles(number);
    }

    /// <summary>The newest weights; older folders are deleted.</summary>
    public WeightFiles Newest()
    {
        lock (writing)
        {
            newest ??= NewFiles(number: 0);
            foreach (var folder in Directory.EnumerateDirectories(parent, $"{run}-*").Where(folder => folder != newest.Folder))
                Directory.Delete(folder, recursive: true);
            return newest;
        }
    }

    /// <summary>Deletes all of them.</summary>
    public void Delete()
    {
        if (!Directory.Exists(parent))
            return;
        foreach (var folder in Directory.EnumerateDirectories(parent, $"{run}-*"))
            Directory.Delete(folder, recursive: true);
        if (!Directory.EnumerateFileSystemEntries(parent).Any())
            Directory.Delete(parent);
    }

    WeightFiles NewFiles(int number)
    {
        var version = string.Create(CultureInfo.InvariantCulture, $"{run}-{++written}");
        var folder = Path.Combine(parent, version);
        AtomicWrite.Folder(folder, save);
        return transfer == WeightTransfer.Adapter
            ? new(number, version, folder, "/v1/load_lora_adapter", new()
            {
                ["lora_name"] = AdapterName, ["lora_path"] = folder, ["load_inplace"] = true,
            }, AdapterName)
            : new(number, version, folder, "/update_weights_from_disk", new()
            {
                ["model_path"] = folder, ["weight_version"] = version,
            }, Model: null);
    }
}
