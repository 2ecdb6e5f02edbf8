using System.IO.Compression;
using System.Text;
using Attune.Input;
using ZstdSharp;

namespace Attune.Data.Sources;

/// <summary>
/// A data file. Its first bytes, not its name, decide how it is decompressed (gzip, Zstandard) and decoded (UTF-8, or UTF-16 with a byte
/// order mark).
/// </summary>
sealed record SourceFile(string Path)
{
    /// <summary>.NET reads a gzip file that is cut off as if it ended there, unless this is set before the first one is read.</summary>
    static SourceFile() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", isEnabled: true);

    /// <summary>The folder whose files are read together; null for a file that is read alone.</summary>
    public string? Folder { get; init; }

    /// <summary>The most bytes without compression.</summary>
    public long MostBytes { get; init; } = long.MaxValue;

    /// <summary>Gets each stream that is opened on the file as it is on disk; its position tells how much was read.</summary>
    public Action<FileStream>? Opened { get; init; }

    public Origin At(int number, string unit = "line") => new(Path, number) { Unit = unit, Folder = Folder };

    /// <summary>The content without compression.</summary>
    /// <exception cref="InvalidDataException">It is not a regular file; reading may also find damaged or too much data.</exception>
    public Stream Open()
    {
        var file = InputFile.Open(Path);
        var start = ReadStart(file);
        file.Position = 0;
        Opened?.Invoke(file);
        return start switch
        {
            [0x1F, 0x8B, ..] => new ContentStream(this, new GZipStream(file, CompressionMode.Decompress)),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => new ContentStream(this, new DecompressionStream(file, leaveOpen: false)),
            _ => file.Length <= MostBytes ? file : new ContentStream(this, file),
        };
    }

    /// <summary>The first bytes of the content.</summary>
    public byte[] Start()
    {
        using var content = Open();
        return ReadStart(content);
    }

    /// <summary>The content as text; invalid bytes are an error of the reader, not a replacement character.</summary>
    /// <param name="mayBeWebPage">Whether a web page is allowed.</param>
    /// <exception cref="InvalidDataException">The first bytes show that the file is something else.</exception>
    public StreamReader OpenText(bool mayBeWebPage = false)
    {
        var start = Start();
        Encoding encoding = start switch
        {
            [0xFF, 0xFE, ..] => new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true),
            [0xFE, 0xFF, ..] => new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true),
            _ => new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true),
        };
        if (encoding is UTF8Encoding && FileSignature.Problem(start, mayBeWebPage) is { } kind)
            throw new InvalidDataException($"{Path} {kind}");
        return new(Open(), encoding, detectEncodingFromByteOrderMarks: false);
    }

    /// <summary>Calls a reader; an error about the encoding names a nearby line.</summary>
    /// <exception cref="InvalidDataException">The bytes are not text in the file's encoding.</exception>
    public T Decode<T>(int line, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{Path}, near line {line}: the text is not UTF-8; convert the file to UTF-8", error);
        }
    }

    static byte[] ReadStart(Stream content)
    {
        var start = new byte[FileSignature.Length];
        return start[..content.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
    }

    /// <summary>Limits the bytes that are read, and names the file in errors of decompression.</summary>
    sealed class ContentStream(SourceFile file, Stream content) : Stream
    {
        long bytes;

        public override int Read(Span<byte> buffer)
        {
            var read = ReadContent(buffer);
            bytes += read;
            return bytes <= file.MostBytes ? read : throw new InvalidDataException(
                $"{file.Path} may have at most {file.MostBytes >> 20:N0} MiB without compression; split it");
        }

        int ReadContent(Span<byte> buffer)
        {
            try
            {
                return content.Read(buffer);
            }
            catch (Exception error) when (error is InvalidDataException or EndOfStreamException or ZstdException)
            {
                throw new InvalidDataException($"{file.Path}: the compressed data is damaged or cut off; download or copy the file again",
                    error);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                content.Dispose();
            base.Dispose(disposing);
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => bytes;
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
