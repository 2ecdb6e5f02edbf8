namespace Attune.Testing;

/// <summary>Paths of the checkout that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder that holds Attune.slnx.</summary>
    public static string Root { get; } = FindRoot();

    public static string PathTo(params string[] parts) => Path.Combine([Root, .. parts]);

    static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Attune.slnx")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"no Attune.slnx above {AppContext.BaseDirectory}");
    }
}
