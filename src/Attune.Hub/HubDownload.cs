namespace Attune.Hub;

/// <summary>
/// Downloads the files of a repository into the cache. A download that stopped is continued, and a broken connection is opened again. A
/// file gets its name after its checksum was verified.
/// </summary>
/// <param name="settings">Where the Hub and the cache are.</param>
/// <param name="progress">Receives how many bytes of a file have been downloaded.</param>
public sealed class HubDownload(HubSettings settings, IProgress<(HubFile File, long Bytes)>? progress = null)
{
    const int MostFailures = 5;                                    // in a row, without a new byte
    const double FreeShare = 1.02;                                 // of the missing bytes, so that the disk does not become full

    readonly HubCache cache = new(settings.Cache);

    /// <summary>Called with each file that was downloaded and its path, small files first; may throw to stop before the weights.</summary>
    public Action<HubFile, string> OnFile { get; init; } = (_, _) => { };

    /// <summary>Called with the files before the first is downloaded.</summary>
    public Action<IReadOnlyList<HubFile>> OnPlan { get; init; } = _ => { };

    /// <summary>Gets the files of a repository that are not in the cache yet.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="choose">The names of the files to get, of all names.</param>
    /// <param name="cancellation">Stops; the same call continues.</param>
    /// <returns>The folder with the files.</returns>
    /// <exception cref="InvalidDataException">The repository does not exist, may not be read, or has nothing to get.</exception>
    /// <exception cref="IOException">The Hub cannot be reached, a file arrives damaged, or the disk is full.</exception>
    public async Task<string> Get(
        HubRepository repository, Func<IReadOnlyList<string>, IReadOnlyList<string>> choose, CancellationToken cancellation)
    {
        if (settings.IsOffline)
            return FromCache(repository, choose);
        using var client = new HubClient(settings);
        var snapshot = await WithRetries(() => client.Describe(repository, cancellation), cancellation).ConfigureAwait(false);
        var files = new List<HubFile>();
        foreach (var name in choose(snapshot.Names).Distinct(StringComparer.Ordinal))
            files.Add(snapshot.Files.GetValueOrDefault(name) ?? await WithRetries(
                () => client.Describe(repository, snapshot.Commit, name, cancellation), cancellation).ConfigureAwait(false));
        RequireSpace(repository, files);
        OnPlan(files);
        foreach (var file in files.OrderBy(file => file.Size))
        {
            await GetFile(client, repository, snapshot.Commit, file, cancellation).ConfigureAwait(false);
            OnFile(file, cache.Link(repository, snapshot.Commit, file));
        }
        cache.SetReference(repository, snapshot.Commit);
        return cache.SnapshotPath(repository, snapshot.Commit);
    }

    /// <summary>The folder of a repository in the cache, with all the files that are asked for.</summary>
    string FromCache(HubRepository repository, Func<IReadOnlyList<string>, IReadOnlyList<string>> choose)
    {
        var folder = cache.Find(repository) ?? throw new InvalidDataException(settings.NotCached(repository));
        string[] names = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal)];
        var chosen = Chosen();
        return chosen.FirstOrDefault(IsBrokenLink) is { } missing
            ? throw new InvalidDataException(settings.NotCached(repository, missing))
            : folder;

        bool IsBrokenLink(string name) => File.ResolveLinkTarget(Path.Combine(folder, name), returnFinalTarget: true) is { Exists: false };

        IReadOnlyList<string> Chosen()
        {
            try
            {
                return choose(names);
            }
            catch (InvalidDataException error)
            {
                throw new InvalidDataException(
                    $"{settings.OfflineVariable} is set, so only the cache in {folder} is used: {error.Message}", error);
            }
        }
    }

    async Task GetFile(HubClient client, HubRepository repository, string commit, HubFile file, CancellationToken cancellation)
    {
        var (blob, part) = (cache.BlobPath(repository, file), cache.BlobPath(repository, file) + ".incomplete");
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        using var fileLock = await Lock(cache.LockPath(repository, file), cancellation).ConfigureAwait(false);
        if (!File.Exists(blob) || new FileInfo(blob).Length != file.Size)
        {
            await WithRetries(() => Continue(client, repository, commit, file, part, cancellation), cancellation, () => LengthOf(part))
                .ConfigureAwait(false);
            if (!file.Matches(part))
            {
                File.Delete(part);
                throw new IOException(
                    $"{file.Name} arrived damaged: its {file.HashName} is not {file.Hash}. It was removed; run the command again");
            }
            File.Move(part, blob, overwrite: true);
        }
        progress?.Report((file, file.Size));
    }

    /// <summary>Downloads the rest of a file.</summary>
    async Task<bool> Continue(
        HubClient client, HubRepository repository, string commit, HubFile file, string part, CancellationToken cancellation)
    {
        var have = LengthOf(part);
        if (have == file.Size && have > 0)
            return true;
        if (have > file.Size)
            have = 0;
        using var response = await client.Get(repository, commit, file, have, cancellation).ConfigureAwait(false);
        var continues = have > 0 && response.Content.Headers.ContentRange?.From == have;
        var target = new FileStream(part, continues ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.Read);
        await using (target.ConfigureAwait(false))
        {
            var source = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            await using (source.ConfigureAwait(false))
                await Copy(source, target, file, cancellation).ConfigureAwait(false);
            target.Flush(flushToDisk: true);
        }
        return LengthOf(part) == file.Size
            ? true
            : throw new HttpIOException(
                HttpRequestError.ResponseEnded, $"the connection was cut after {LengthOf(part)} of {file.Size} bytes");
    }

    async Task Copy(Stream source, FileStream target, HubFile file, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 17];
        while (true)
        {
            using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            idle.CancelAfter(settings.IdleTimeout);
            int read;
            try
            {
                read = await source.ReadAsync(buffer, idle.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
            {
                throw new TimeoutException($"nothing arrived for {settings.IdleTimeout.TotalSeconds:F0} s", error);
            }
            catch (IOException error) when (error is not HttpIOException)
            {
                throw new HttpIOException(HttpRequestError.ResponseEnded, error.Message, error);
            }
            if (read == 0 || target.Length + read > file.Size)
                return;
            await target.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            progress?.Report((file, target.Position));
        }
    }

    /// <summary>Repeats an attempt after network errors, until it fails several times in a row without progress.</summary>
    async Task<T> WithRetries<T>(Func<Task<T>> attempt, CancellationToken cancellation, Func<long>? done = null)
    {
        for (var failures = 1; ; failures++)
        {
            var before = done?.Invoke() ?? 0;
            try
            {
                return await attempt().ConfigureAwait(false);
            }
            catch (Exception error) when (error is HttpRequestException or HttpIOException or TimeoutException)
            {
                if (done?.Invoke() > before)
                    failures = 1;
                if (failures == MostFailures)
                    throw new IOException(
                        $"{settings.Endpoint.Host} cannot be reached, or the connection breaks again and again ({error.Message}). Run the "
                        + "command again to continue. Behind a proxy set HTTPS_PROXY; for a mirror set HF_ENDPOINT", error);
                await Task.Delay(settings.RetryDelay * Math.Pow(2, failures - 1), cancellation).ConfigureAwait(false);
            }
        }
    }

    void RequireSpace(HubRepository repository, IReadOnlyList<HubFile> files)
    {
        Directory.CreateDirectory(cache.Folder);
        var missing = files.Sum(file => File.Exists(cache.BlobPath(repository, file))
            ? 0
            : Math.Max(0, file.Size - LengthOf(cache.BlobPath(repository, file) + ".incomplete")));
        var free = new DriveInfo(cache.Folder).AvailableFreeSpace;
        if (missing * FreeShare > free)
            throw new IOException(
                $"{repository} needs {missing / 1e9:F1} GB more in {cache.Folder}, where {free / 1e9:F1} GB are free; free some space, or "
                + "set HF_HOME to a folder on another disk");
    }

    /// <summary>Waits until no other process downloads the file.</summary>
    static async Task<FileStream> Lock(string path, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (error.HResult is 11 or 35 or unchecked((int)0x80070020))       // in use
            {
                await Task.Delay(500, cancellation).ConfigureAwait(false);
            }
        }
    }

    static long LengthOf(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;
}
