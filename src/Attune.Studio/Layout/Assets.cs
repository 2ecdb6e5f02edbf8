using System.Security.Cryptography;

namespace Attune.Studio.Layout;

/// <summary>
/// Scripts, styles and images, embedded in the program. Their URLs contain a hash of the content, so browsers may cache them forever.
/// </summary>
public sealed class Assets
{
    readonly Dictionary<string, (byte[] Content, string Type, string Hash)> files = typeof(Assets).Assembly.GetManifestResourceNames()
        .Where(name => Types.ContainsKey(Path.GetExtension(name)))
        .ToDictionary(name => name, Read, StringComparer.Ordinal);

    static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    public string Url(string name) => $"/assets/{name}?v={files[name].Hash}";

    internal (byte[] Content, string Type, string Hash)? Find(string name) => files.TryGetValue(name, out var file) ? file : null;

    static (byte[] Content, string Type, string Hash) Read(string name)
    {
        using var stream = typeof(Assets).Assembly.GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return (content, Types[Path.GetExtension(name)], Convert.ToHexStringLower(SHA256.HashData(content))[..16]);
    }
}
