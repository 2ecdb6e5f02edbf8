using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Attune.Data.Encoded;

/// <summary>
/// The items of data in a file that <see cref="TokenFileWriter"/> wrote. An item is read when it is asked for, by one read of the index and
/// one of the item, so the list takes no memory, and any thread or process can read any item.
/// </summary>
sealed class TokenFile<T> : IDisposable
{
    readonly SafeFileHandle file;
    readonly TokenFileEnd end;
    readonly RecordFormat<T> format = TokenRecords.Of<T>();

    TokenFile(SafeFileHandle file, TokenFileEnd end) => (this.file, this.end) = (file, end);

    /// <summary>Opens a file; null if it is damaged or not complete.</summary>
    public static (TokenFile<T> File, TokenFileDescription Description)? TryOpen(string path, CancellationToken cancellation)
    {
        var opened = File.OpenHandle(path);
        if (TokenFile.ReadEnd(opened) is { } found && TokenFile.HasChecksum(opened, found, cancellation))
            return (new(opened, found), TokenFile.ReadDescription(opened, found));
        opened.Dispose();
        return null;
    }

    public IReadOnlyList<T> Items => new ListView<T>((int)end.Count, Read);

    public IReadOnlyList<ulong> Hashes => new ListView<ulong>((int)end.Count, index => Entries(index, stackalloc IndexEntry[1])[0].Hash);

    public void Dispose() => file.Dispose();

    T Read(int index)
    {
        var entries = Entries(index, stackalloc IndexEntry[2]);
        var size = (int)(entries[1].Start - entries[0].Start);
        var bytes = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            ReadExactly(bytes.AsSpan(0, size), entries[0].Start);
            var reader = new RecordReader(bytes.AsSpan(0, size));
            return format.Read(ref reader);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    ReadOnlySpan<IndexEntry> Entries(int index, Span<IndexEntry> entries)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (ulong)end.Count, nameof(index));
        ReadExactly(MemoryMarshal.AsBytes(entries), end.IndexAt + (long)index * TokenFile.EntrySize);
        return entries;
    }

    void ReadExactly(Span<byte> bytes, long at)
    {
        for (var done = 0; done < bytes.Length;)
            done += RandomAccess.Read(file, bytes[done..], at + done) is > 0 and var read ? read
                : throw new IOException("the cache of tokens became shorter while it was read; run the command again");
    }
}

/// <summary>The parts of a file of items that do not depend on their type.</summary>
static class TokenFile
{
    public const int EntrySize = 16;

    /// <summary>The end of a file; null if it is none, because the file is damaged or not complete.</summary>
    public static TokenFileEnd? ReadEnd(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        Span<TokenFileEnd> end = stackalloc TokenFileEnd[1];
        return length >= TokenFileEnd.Size
            && RandomAccess.Read(file, MemoryMarshal.AsBytes(end), length - TokenFileEnd.Size) == TokenFileEnd.Size
            && end[0].Last == TokenFileEnd.Magic
            && end[0] is { IndexAt: >= 0, Count: >= 0, DescriptionSize: >= 0 }
            && (Int128)end[0].IndexAt + (end[0].Count + (Int128)1) * EntrySize + end[0].DescriptionSize + TokenFileEnd.Size == length
            ? end[0]
            : null;
    }

    /// <summary>The description of a file, without a check of the rest; null if it is damaged or not complete.</summary>
    public static TokenFileDescription? Describe(string path)
    {
        using var file = File.OpenHandle(path);
        try
        {
            return ReadEnd(file) is { } end ? ReadDescription(file, end) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static TokenFileDescription ReadDescription(SafeFileHandle file, TokenFileEnd end)
    {
        var bytes = new byte[end.DescriptionSize];
        RandomAccess.Read(file, bytes, RandomAccess.GetLength(file) - TokenFileEnd.Size - bytes.Length);
        return JsonSerializer.Deserialize<TokenFileDescription>(bytes)!;
    }

    /// <summary>Whether the bytes of a file have the checksum of its end.</summary>
    public static bool HasChecksum(SafeFileHandle file, TokenFileEnd end, CancellationToken cancellation)
    {
        var (checksum, buffer, left) = (new Checksum(), new byte[1 << 20],
            RandomAccess.GetLength(file) - TokenFileEnd.Size + TokenFileEnd.Checked);
        for (var at = 0L; left > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            var read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, left)), at);
            if (read == 0)
                return false;
            checksum.Add(buffer.AsSpan(0, read));
            (at, left) = (at + read, left - read);
        }
        return checksum.Value == end.Crc;
    }
}
