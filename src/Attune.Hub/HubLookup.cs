namespace Attune.Hub;

/// <summary>Finds what a name of the Hub means on this machine, for places where people write the path of a model or of data.</summary>
public static class HubLookup
{
    /// <summary>
    /// The cached folder of OWNER/NAME or OWNER/NAME@REVISION, or a file or folder in it: OWNER/NAME/PATH. Null where the text has another
    /// form, or nothing is cached.
    /// </summary>
    public static string? Find(HubKind kind, string text)
    {
        if (Split(kind, text) is not (var repository, var inner))
            return null;
        var snapshot = new HubCache(HubSettings.FromEnvironment().Cache).Find(repository);
        var path = snapshot is null ? null : Path.Combine(snapshot, inner);
        return Path.Exists(path) ? path : null;
    }

    /// <summary>
    /// What to add to "there is no file or folder X": how to get X from the Hub where it has the form of such a name, else nothing.
    /// </summary>
    public static string Hint(HubKind kind, string text)
    {
        if (!text.Contains('/') || Split(kind, text) is not (var repository, _))
            return "";
        var settings = HubSettings.FromEnvironment();
        return settings.IsOffline
            ? $". If you mean the {kind.Noun()} of the Hugging Face Hub: {settings.NotCached(repository)}"
            : $". If you mean the {kind.Noun()} of the Hugging Face Hub, get it first: `{repository.Command}`";
    }

    /// <summary>The repository that a text names, and a path in it; null where a folder of that name makes it a path.</summary>
    static (HubRepository Repository, string Inner)? Split(HubKind kind, string text)
    {
        var parts = text.Split('/', 3);
        var (name, inner) = (string.Join('/', parts.Take(2)), parts.Length == 3 ? parts[2] : "");
        var isPath = Directory.Exists(parts[0]) || IsFileName(name) || inner.Split('/').Contains("..");
        if (isPath || (kind == HubKind.Dataset && parts.Length == 1))
            return null;
        return HubRepository.TryParse(kind, name) is { } repository ? (repository, inner) : null;
    }

    static bool IsFileName(string name) => HubFiles.IsData(name)
        || Path.GetExtension(name) is ".safetensors" or ".bin" or ".gguf" or ".yaml" or ".yml" or ".gz" or ".zst";
}
