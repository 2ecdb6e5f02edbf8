namespace Attune.Hub;

/// <summary>
/// The cache of huggingface_hub: files by their hash in <c>blobs</c>, and for each commit a folder of links to them in
/// <c>snapshots</c>. https://huggingface.co/docs/huggingface_hub/guides/manage-cache
/// </summary>
sealed class HubCache(string folder)
{
    /// <summary>The folder with the cached repositories.</summary>
    public string Folder => folder;

    /// <summary>The folder of a repository's files at its revision, if they were downloaded.</summary>
    public string? Find(HubRepository repository)
    {
        var reference = ReferencePath(repository);
        var commit = File.Exists(reference) ? File.ReadAllText(reference).Trim() : repository.Revision;
        var snapshot = Path.Combine(PathOf(repository), "snapshots", commit);
        return IsCommit(commit) && Directory.Exists(snapshot) ? snapshot : null;
    }

    public static bool IsCommit(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    public string SnapshotPath(HubRepository repository, string commit) => Path.Combine(PathOf(repository), "snapshots", commit);

    public string BlobPath(HubRepository repository, HubFile file) => Path.Combine(PathOf(repository), "blobs", file.Hash);

    /// <summary>The file that processes lock while they download a file; huggingface_hub locks it too.</summary>
    public string LockPath(HubRepository repository, HubFile file) =>
        Path.Combine(folder, ".locks", repository.CacheName, file.Hash + ".lock");

    /// <summary>Adds a downloaded file to a snapshot.</summary>
    public string Link(HubRepository repository, string commit, HubFile file)
    {
        var path = Path.Combine(SnapshotPath(repository, commit), file.Name);
        var parent = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(parent);
        var target = Path.GetRelativePath(parent, BlobPath(repository, file));
        var link = new FileInfo(path);
        if (link.LinkTarget != target)
        {
            link.Delete();
            File.CreateSymbolicLink(path, target);
        }
        return path;
    }

    /// <summary>Records the commit of a branch or tag, after all its files were downloaded.</summary>
    public void SetReference(HubRepository repository, string commit)
    {
        if (repository.Revision == commit)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(ReferencePath(repository))!);
        File.WriteAllText(ReferencePath(repository), commit);
    }

    string PathOf(HubRepository repository) => Path.Combine(folder, repository.CacheName);

    string ReferencePath(HubRepository repository) => Path.Combine(PathOf(repository), "refs", repository.Revision);
}
