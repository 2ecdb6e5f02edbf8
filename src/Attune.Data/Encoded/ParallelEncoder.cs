using System.Security.Cryptography;

namespace Attune.Data.Encoded;

/// <summary>Reads and encodes data on all cores; the result is that of one thread.</summary>
/// <param name="path">A file or folder.</param>
/// <param name="options">How it is read.</param>
/// <param name="encoder">Encodes texts. It gets the counts of what was cut or left out.</param>
/// <param name="encoding">How a method encodes an example.</param>
sealed class ParallelEncoder<T>(string path, ReadOptions options, TextEncoder encoder, ExampleEncoding<T> encoding) where T : class
{
    /// <summary>Encodes everything.</summary>
    /// <param name="convert">Converts the items of a block; called from several threads.</param>
    /// <param name="add">Gets the converted blocks in the order of the rows.</param>
    /// <param name="cancellation">Stops reading.</param>
    public EncodingSummary Run<TPart>(
        Func<List<(T Item, ulong Hash)>, TPart> convert, Action<TPart> add, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (rows, counts, unused, recognised) = (0, new NoticeCounts(), new List<string>(), new List<string>());
        var reading = options with { Notice = options.Notice + unused.Add, Recognised = options.Recognised + recognised.Add };
        foreach (var block in Dataset.ReadBlocks(path, reading, Encode))
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(block.Raw.GetBuffer(), 0, (int)block.Raw.Length);
            rows += block.Rows;
            counts.Add(block.Notices);
            add(block.Part);
        }
        encoder.Counts.Add(counts.Counts);
        return new(new(rows, Convert.ToHexStringLower(hash.GetHashAndReset())), unused, recognised, counts.Counts);

        Block<TPart> Encode(IEnumerable<Example> examples)
        {
            var (own, items, raw, count) = (encoder.Fork(), new List<(T, ulong)>(), new MemoryStream(), 0);
            foreach (var example in examples)
            {
                count++;
                raw.Write(example.Row!.RawUtf8);
                raw.WriteByte((byte)'\n');
                ulong? hashOfExample = null;
                foreach (var item in encoding.Encode(example, own))
                    items.Add((item, hashOfExample ??= DataDigest.HashOf(example, options.Use)));
            }
            return new(convert(items), raw, count, own.Counts.Counts);
        }
    }

    /// <param name="Part">The converted items.</param>
    /// <param name="Raw">The rows as they are written, each with a line end.</param>
    /// <param name="Rows">The number of rows.</param>
    /// <param name="Notices">What was cut or left out.</param>
    sealed record Block<TPart>(TPart Part, MemoryStream Raw, int Rows, IReadOnlyList<NoticeCount> Notices);
}
