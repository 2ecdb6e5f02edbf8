namespace Attune.Testing;

/// <summary>A new folder that is deleted at the end of the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    const string Memory = "/dev/shm";
    const long Room = 1L << 30;

    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("attune-test-").FullName;

    TemporaryFolder(string parent) =>
        Path = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"attune-test-{Guid.NewGuid():N}")).FullName;

    public string Path { get; }

    /// <summary>
    /// A folder in memory, where the system has one with enough room, for tests that write many small files and start no programs from it.
    /// </summary>
    public static TemporaryFolder InMemory() =>
        Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace > Room ? new(Memory) : new();

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes <paramref name="content"/> to a file in the folder and returns its path.</summary>
    public string Write(string name, string content)
    {
        var path = File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
