namespace Attune.Data.Encoded;

/// <summary>Where encoded data is kept.</summary>
public enum DataCache
{
    /// <summary>In a file where the data is large, else in memory.</summary>
    Auto,

    /// <summary>In a file.</summary>
    On,

    /// <summary>In memory.</summary>
    Off,
}

/// <summary>How far reading or encoding of data is.</summary>
/// <param name="Text">What is done, such as "tokenizing data.jsonl".</param>
/// <param name="Bytes">The bytes of the data that are done.</param>
/// <param name="Total">All bytes of the data.</param>
public readonly record struct DataProgress(string Text, long Bytes, long Total);

/// <summary>
/// Encodes data on all cores, and keeps the result in memory or in a file beside the data. A file is made once for the same data, tokenizer
/// and options; its items are the same, bit for bit.
/// </summary>
/// <param name="encoder">Encodes texts. It gets the counts of what was cut or left out.</param>
/// <param name="cache">Where the result is kept.</param>
public sealed class DataEncoder(TextEncoder encoder, DataCache cache = DataCache.Auto)
{
    /// <summary>The size of data files in bytes from which on <see cref="DataCache.Auto"/> keeps the result in a file.</summary>
    public const long LargeData = 256L << 20;

    /// <summary>Gets the progress of large data.</summary>
    public Action<DataProgress> Progress { get; init; } = _ => { };

    /// <summary>Gets messages about the file.</summary>
    public Action<string> Notify { get; init; } = _ => { };

    /// <summary>The folders of the file, the preferred one first; null for those of <see cref="TokenCache.For"/>.</summary>
    internal IReadOnlyList<string>? Folders { get; init; }

    /// <summary>The items that the rows make.</summary>
    /// <param name="path">A file or folder.</param>
    /// <param name="options">How it is read.</param>
    /// <param name="encoding">How a method encodes an example.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="FileNotFoundException">The file or folder does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or an example cannot be used.</exception>
    /// <exception cref="IOException">The result cannot be written.</exception>
    public EncodedData<T> Encode<T>(
        string path, ReadOptions options, ExampleEncoding<T> encoding, CancellationToken cancellation = default) where T : class
    {
        var files = Dataset.Files(path, options.Split);
        var total = files.Sum(file => new FileInfo(file).Length);
        var parallel = new ParallelEncoder<T>(
            path, options with { BytesRead = Report(path, "tokenizing", total) }, encoder, encoding);
        return cache == DataCache.On || (cache == DataCache.Auto && total >= LargeData)
            ? InFile(path, files, total, options, encoding, parallel, cancellation)
            : InMemory(parallel, cancellation);
    }

    static EncodedData<T> InMemory<T>(ParallelEncoder<T> parallel, CancellationToken cancellation) where T : class
    {
        var (items, hashes) = (new List<T>(), new List<ulong>());
        var summary = parallel.Run(block => block, block =>
        {
            items.AddRange(block.Select(entry => entry.Item));
            hashes.AddRange(block.Select(entry => entry.Hash));
        }, cancellation);
        return new(items, hashes, summary.Digest);
    }

    EncodedData<T> InFile<T>(string path, IReadOnlyList<string> files, long total, ReadOptions options, ExampleEncoding<T> encoding,
        ParallelEncoder<T> parallel, CancellationToken cancellation) where T : class
    {
        var before = Stamps(files);
        var description = CacheKey.Describe(path, files, options,
            $"{encoder.Fingerprint} {typeof(T).Name} {encoding.Settings}", Report(path, "checking", total), cancellation);
        EncodingSummary? summary = null;
        var (file, known) = (Folders is null ? TokenCache.For(path) : new(Folders)).GetOrBuild<T>(description, Build, Notify, cancellation);
        if (known is not null)
            Repeat(known, options);
        return new(file.Items, file.Hashes, (known ?? summary!).Digest);

        EncodingSummary Build(TokenFileWriter writer)
        {
            summary = parallel.Run(TokenFileWriter.ToBlock, writer.Add, cancellation);
            return Stamps(files).SequenceEqual(before) ? summary : throw new InvalidDataException(
                $"{path} was changed while it was read; run the command again when it does not change any more");
        }
    }

    /// <summary>Shows what the run that made the file was shown.</summary>
    void Repeat(EncodingSummary known, ReadOptions options)
    {
        foreach (var message in known.Unused)
            options.Notice(message);
        foreach (var message in known.Recognised)
            options.Recognised(message);
        encoder.Counts.Add(known.Notices);
    }

    Action<long> Report(string path, string what, long total) => bytes =>
    {
        if (total >= LargeData)
            Progress(new($"{what} {path}", bytes, total));
    };

    static (long, DateTime)[] Stamps(IReadOnlyList<string> files) =>
        [.. files.Select(file => new FileInfo(file)).Select(file => (file.Length, file.LastWriteTimeUtc))];
}
