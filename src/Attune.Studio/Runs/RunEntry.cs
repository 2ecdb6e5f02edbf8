using Attune.Reporting.Reports;
using Attune.Reporting.Runs;

namespace Attune.Studio.Runs;

/// <summary>A run folder.</summary>
/// <param name="Name">Its path below the folder of runs, such as <c>quickstart/5-ppo</c>.</param>
/// <param name="Folder">The folder.</param>
/// <param name="Method">The training method.</param>
/// <param name="ChangedAt">When it last wrote a step.</param>
public sealed record RunEntry(string Name, RunFolder Folder, MethodDescription Method, DateTimeOffset ChangedAt)
{
    /// <summary>The name as one path segment, used in forms and addresses.</summary>
    public string Key => KeyOf(Name);

    /// <summary>The address of its page.</summary>
    public string Address => AddressOf(Name);

    public static string AddressOf(string name) => $"/runs/{Uri.EscapeDataString(KeyOf(name))}";

    /// <summary>A slash becomes a tilde; a tilde in the name is escaped, so that no two names have the same key.</summary>
    static string KeyOf(string name) => name.Replace("%", "%25", StringComparison.Ordinal).Replace("~", "%7E", StringComparison.Ordinal)
        .Replace('/', '~');

    /// <summary>Whether it has saved a model.</summary>
    public bool HasModel => Directory.Exists(Folder.Model);
}
