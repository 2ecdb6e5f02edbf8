namespace Attune.Training.Remote;

/// <summary>
/// An answer that arrives in parts of a limited size. Reading more fails as for <see cref="HttpContent.LoadIntoBufferAsync(long)"/>.
/// </summary>
/// <param name="content">The answer.</param>
/// <param name="limit">The most bytes of a part.</param>
sealed class LimitedStream(Stream content, int limit) : Stream
{
    long bytes;

    /// <summary>A part has ended: the next one may have as many bytes.</summary>
    public void EndPart() => bytes = 0;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Counted(await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override int Read(byte[] buffer, int offset, int count) => Counted(content.Read(buffer, offset, count));

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    int Counted(int read) => (bytes += read) <= limit ? read : throw new HttpRequestException(
        HttpRequestError.ConfigurationLimitExceeded, $"more than {limit} bytes");
}
