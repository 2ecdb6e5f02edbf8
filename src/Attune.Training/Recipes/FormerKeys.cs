using YamlDotNet.RepresentationModel;

namespace Attune.Training.Recipes;

/// <summary>Replaces renamed keys by their new names, with a notice.</summary>
/// <param name="renamed">The old full key, and the new one.</param>
/// <param name="notice">Called with a message for each old key.</param>
sealed class FormerKeys(IReadOnlyDictionary<string, string> renamed, Action<string> notice)
{
    /// <summary>Moves the values of old keys to the new keys; a value that is set already is kept.</summary>
    public void Replace(YamlMappingNode root)
    {
        foreach (var (old, key) in renamed)
        {
            var (section, name) = Parent(root, old, create: false);
            if (section is null || !section.Children.Remove(name, out var value))
                continue;
            notice($"`{old}` is now called `{key}`");
            var (target, newName) = Parent(root, key, create: true);
            target!.Children.TryAdd(newName, value);
        }
    }

    /// <summary>The new key of an old one, in full or by its last part; null when there is none.</summary>
    public string? Find(string name)
    {
        var old = renamed.Keys.FirstOrDefault(key => key == name) ?? renamed.Keys.FirstOrDefault(
            key => LastPart(key) == name && LastPart(renamed[key]) != name);
        if (old is null)
            return null;
        notice($"`{old}` is now called `{renamed[old]}`");
        return renamed[old];
    }

    static string LastPart(string key) => key[(key.LastIndexOf('.') + 1)..];

    /// <summary>The section that a full key is in, and its last part.</summary>
    static (YamlMappingNode? Section, YamlScalarNode Name) Parent(YamlMappingNode root, string key, bool create)
    {
        var parts = key.Split('.');
        var section = root;
        foreach (var part in parts[..^1])
        {
            var name = new YamlScalarNode(part);
            if (section.Children.TryGetValue(name, out var found) && found is YamlMappingNode inner)
                section = inner;
            else if (!create)
                return (null, name);
            else
                section = (YamlMappingNode)(section.Children[name] = new YamlMappingNode());
        }
        return (section, new(parts[^1]));
    }
}
