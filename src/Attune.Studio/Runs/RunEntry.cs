using Attune.Training.Runs;

namespace Attune.Studio.Runs;

/// <summary>A run folder that was found.</summary>
/// <param name="Name">Its path below the folder of runs, such as <c>quickstart/5-ppo</c>.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Method">What trains.</param>
/// <param name="ChangedAt">When it last wrote a step.</param>
public sealed record RunEntry(string Name, RunFolder Folder, string Method, DateTimeOffset ChangedAt)
{
    /// <summary>The name as one part of an address.</summary>
    public string Key => KeyOf(Name);

    public static string KeyOf(string name) => Uri.EscapeDataString(name.Replace('/', '~'));

    /// <summary>Whether it has made a model.</summary>
    public bool HasModel => Directory.Exists(Folder.Model);
}
