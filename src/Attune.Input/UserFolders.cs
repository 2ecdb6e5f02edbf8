namespace Attune.Input;

/// <summary>Folders of the user who runs the program.</summary>
public static class UserFolders
{
    /// <summary>What can be made again: <c>$XDG_CACHE_HOME/attune</c>, or <c>~/.cache/attune</c>.</summary>
    public static string Cache
    {
        get
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } chosen ? chosen
                : home.Length > 0 ? Path.Combine(home, ".cache")
                : Path.Combine(Path.GetTempPath(), $"cache-{Environment.UserName}");
            return Path.Combine(root, "attune");
        }
    }
}
