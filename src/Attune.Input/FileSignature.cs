using System.Text;

namespace Attune.Input;

/// <summary>Recognises files whose content is of another kind than their name, by their first bytes.</summary>
public static class FileSignature
{
    /// <summary>The number of first bytes to look at.</summary>
    public const int Length = 64;

    static readonly (byte[] Start, string Kind)[] Binary =
    [
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "is compressed with xz; recompress it: `xz -dc FILE | gzip > FILE.gz`"),
        ([(byte)'B', (byte)'Z', (byte)'h'], "is compressed with bzip2; recompress it: `bzip2 -dc FILE | gzip > FILE.gz`"),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF], "is a 7-Zip archive; unpack it: `7z x FILE`"),
        ([(byte)'P', (byte)'K', 3, 4], "is a zip archive (or a file of Excel or PyTorch, which are zip archives); unpack it: `unzip FILE`"),
        ([0x1F, 0x8B], "is compressed with gzip; unpack it: `gzip -dc FILE > NEW`"),
        ([0x28, 0xB5, 0x2F, 0xFD], "is compressed with Zstandard; unpack it: `zstd -dc FILE > NEW`"),
        ("PAR1"u8.ToArray(), "is a Parquet file"),
        ("GGUF"u8.ToArray(), "is a GGUF model, which is not supported; use the model's safetensors files"),
    ];

    /// <summary>What the file is and what to do, to follow its name in a message; null when nothing is known to be wrong.</summary>
    /// <param name="start">The first <see cref="Length"/> bytes, or all bytes of a shorter file.</param>
    /// <param name="mayBeWebPage">Whether a web page is allowed.</param>
    public static string? Problem(ReadOnlySpan<byte> start, bool mayBeWebPage = false)
    {
        foreach (var (bytes, kind) in Binary)
            if (start.StartsWith(bytes))
                return kind;
        if (start.StartsWith("version https://git-lfs"u8))
            return "is a Git LFS pointer, not the file itself; get the file with `git lfs pull`";
        if (IsUtf16(start))
            return "is UTF-16 text; convert it: `iconv -f UTF-16 -t UTF-8 FILE > NEW`";
        return IsWebPage(start) && !mayBeWebPage
            ? "is a web page, not the file itself; download the file (from the Hugging Face Hub: the address with `resolve`, not `blob`)"
            : null;
    }

    /// <summary>ASCII in UTF-16: every other byte is 0, with or without a byte order mark.</summary>
    static bool IsUtf16(ReadOnlySpan<byte> start) =>
        start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [not 0, 0, not 0, 0, ..] or [0, not 0, 0, not 0, ..];

    static bool IsWebPage(ReadOnlySpan<byte> start)
    {
        var text = Encoding.Latin1.GetString(start).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\t', '\r', '\n');
        return Array.Exists(["<!doctype", "<html", "<?xml"], tag => text.StartsWith(tag, StringComparison.OrdinalIgnoreCase));
    }
}
