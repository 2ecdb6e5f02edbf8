using System.Security.Cryptography;
using System.Text.Json;
using Attune.Text;
using Encoding = System.Text.Encoding;

namespace Attune.Data.Encoded;

/// <summary>Computes the key of encoded data: a hash of the data's content and of all that decides how it is encoded.</summary>
static class CacheKey
{
    /// <summary>The description of the file for these inputs, without a summary.</summary>
    /// <param name="path">A file or folder.</param>
    /// <param name="files">Its files.</param>
    /// <param name="options">How it is read.</param>
    /// <param name="encoding">How examples are encoded: the encoder, the method's settings and the type of the items.</param>
    /// <param name="bytesRead">Gets the number of bytes that were hashed.</param>
    /// <param name="cancellation">Stops.</param>
    public static TokenFileDescription Describe(string path, IReadOnlyList<string> files, ReadOptions options, string encoding,
        Action<long> bytesRead, CancellationToken cancellation)
    {
        var content = HashOf(files, bytesRead, cancellation);
        var reading = JsonSerializer.Serialize(new
        {
            Columns = options.Columns.OrderBy(column => column.Key, StringComparer.Ordinal),
            options.Ignore, options.Side, options.Pairs, options.MinMargin, options.Layout, options.Split, options.Use, options.Reader,
            options.AlsoRead,
        });
        // the code that reads and encodes: another version may encode in another way
        var code = string.Join(' ', new[] { typeof(Dataset), typeof(Tokenizer), typeof(Jinja.JinjaTemplate) }
            .Select(type => type.Assembly.ManifestModule.ModuleVersionId));
        var key = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [content, reading, encoding, code, .. files])));
        return new(Convert.ToHexStringLower(key), Path.GetFullPath(Dataset.Find(path)), content, options.Reader,
            new(new(0, ""), [], [], []));
    }

    static string HashOf(IReadOnlyList<string> files, Action<long> bytesRead, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (buffer, total) = (new byte[1 << 20], 0L);
        foreach (var path in files)
        {
            using var file = Input.InputFile.Open(path);
            hash.AppendData(BitConverter.GetBytes(file.Length));
            while (file.Read(buffer) is > 0 and var read)
            {
                cancellation.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, read);
                bytesRead(total += read);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
