namespace Attune.Hub;

/// <summary>A repository at a commit.</summary>
/// <param name="Commit">The commit that the revision names.</param>
/// <param name="Names">The names of all files.</param>
/// <param name="Files">By name, the files whose size and checksum the server listed; mirrors may list none.</param>
sealed record HubSnapshot(string Commit, IReadOnlyList<string> Names, IReadOnlyDictionary<string, HubFile> Files);
