using System.Runtime.InteropServices;
using System.Text.Json;

namespace Attune.Data.Encoded;

/// <summary>The items of a block as bytes.</summary>
/// <param name="Bytes">The items, one after another.</param>
/// <param name="Items">The size of each item, and the hash of its example.</param>
sealed record TokenBlock(byte[] Bytes, (int Size, ulong Hash)[] Items);

/// <summary>
/// Writes a <see cref="TokenFile{T}"/>: the items one after another, then the index (for each item where it begins, and the hash of its
/// example), the description, and the end with sizes and checksum. The index waits in a second file, so that memory does not grow with the
/// data.
/// </summary>
sealed class TokenFileWriter : IDisposable
{
    readonly FileStream file;
    readonly FileStream index;
    Checksum checksum = new();
    long count;

    /// <param name="path">The file, which is replaced.</param>
    public TokenFileWriter(string path)
    {
        file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        index = new(path + ".index", FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
    }

    /// <summary>The items of a block as bytes; may be called on several threads.</summary>
    public static TokenBlock ToBlock<T>(List<(T Item, ulong Hash)> items)
    {
        var (format, writer, sizes) = (TokenRecords.Of<T>(), new RecordWriter(), new (int, ulong)[items.Count]);
        for (var at = 0; at < sizes.Length; at++)
        {
            var before = writer.Written.Length;
            format.Write(writer, items[at].Item);
            sizes[at] = (writer.Written.Length - before, items[at].Hash);
        }
        return new(writer.Written.ToArray(), sizes);
    }

    public void Add(TokenBlock block)
    {
        var entries = new IndexEntry[block.Items.Length];
        var at = file.Position;
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new(at, block.Items[i].Hash);
            at += block.Items[i].Size;
        }
        Write(block.Bytes);
        index.Write(MemoryMarshal.AsBytes(entries.AsSpan()));
        count += entries.Length;
    }

    /// <summary>Writes the rest of the file, and waits until the disk has it.</summary>
    public void Complete(TokenFileDescription description)
    {
        var indexAt = file.Position;
        index.Position = 0;
        var buffer = new byte[1 << 20];
        while (index.Read(buffer) is > 0 and var read)
            Write(buffer.AsSpan(0, read));
        Write(MemoryMarshal.AsBytes<IndexEntry>([new(indexAt, 0)]));       // the end of the last item
        var described = JsonSerializer.SerializeToUtf8Bytes(description);
        Write(described);
        Write(MemoryMarshal.AsBytes<TokenFileEnd>([new(indexAt, count, described.Length, 0)])[..TokenFileEnd.Checked]);
        file.Write(MemoryMarshal.AsBytes<uint>([checksum.Value, TokenFileEnd.Magic]));
        file.Flush(flushToDisk: true);
    }

    public void Dispose()
    {
        file.Dispose();
        index.Dispose();
    }

    void Write(ReadOnlySpan<byte> bytes)
    {
        checksum.Add(bytes);
        file.Write(bytes);
    }
}
