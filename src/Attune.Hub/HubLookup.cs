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
    public static string Hint(HubKind kind, string text) => Split(kind, text) is (var repository, _)
        ? $". If you mean the {(kind == HubKind.Model ? "model" : "data set")} of the Hugging Face Hub, get it first: "
            + $"`{repository.Command}`"
        : "";

    /// <summary>The repository that a text names, and a path in it; null where a folder of that name makes it a path.</summary>
    static (HubRepository Repository, string Inner)? Split(HubKind kind, string text)
    {
        if (text.Length == 0)
            return null;
        var parts = text.Split('/', 3);
        var name = string.Join('/', parts.Take(2));
        if (Directory.Exists(parts[0]) || (parts.Length == 3 && parts[1].Length == 0))
            return null;
        var id = name.Split('@')[0];
        if (!HubRepository.IsName(id) || Path.GetExtension(text) is ".yaml" or ".yml")
            return null;
        var inner = parts.Length == 3 ? parts[2] : "";
        return name.Contains('@') && inner.Length > 0
            ? null
            : (HubRepository.Parse(kind, name), inner.Split('/').Contains("..") ? "" : inner);
    }
}
