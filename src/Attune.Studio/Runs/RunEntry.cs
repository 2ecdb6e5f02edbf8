using Attune.Reporting.Reports;
using Attune.Reporting.Runs;

namespace Attune.Studio.Runs;

/// <summary>A run folder that was found.</summary>
/// <param name="Name">Its path below the folder of runs, such as <c>quickstart/5-ppo</c>.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Method">What trains.</param>
/// <param name="ChangedAt">When it last wrote a step.</param>
public sealed record RunEntry(string Name, RunFolder Folder, MethodDescription Method, DateTimeOffset ChangedAt)
{
    /// <summary>What forms and addresses call it: the name as one part of a path.</summary>
    public string Key => KeyOf(Name);

    /// <summary>Of its page.</summary>
    public string Address => AddressOf(Name);

    public static string AddressOf(string name) => $"/runs/{Uri.EscapeDataString(KeyOf(name))}";

    static string KeyOf(string name) => name.Replace('/', '~');

    /// <summary>Whether it has made a model.</summary>
    public bool HasModel => Directory.Exists(Folder.Model);
}
