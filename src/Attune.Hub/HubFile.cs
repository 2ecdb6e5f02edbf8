using System.Security.Cryptography;
using System.Text;

namespace Attune.Hub;

/// <summary>A file of a repository.</summary>
/// <param name="Name">Its path in the repository.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Hash">
/// The SHA-256 of a large file, or git's SHA-1 of a small one, in hexadecimal: the file's name in the cache, and its checksum.
/// </param>
public sealed record HubFile(string Name, long Size, string Hash)
{
    /// <summary>Whether a file on the disk has this checksum.</summary>
    internal bool Matches(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(Hash.Length == 64 ? SHA256.HashData(stream) : GitHash(stream)) == Hash;
    }

    internal string HashName => Hash.Length == 64 ? "SHA-256" : "SHA-1";

    static byte[] GitHash(FileStream stream)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {stream.Length}\0"));
        var buffer = new byte[1 << 16];
        for (int read; (read = stream.Read(buffer)) > 0;)
            hash.AppendData(buffer, 0, read);
        return hash.GetHashAndReset();
    }
}
