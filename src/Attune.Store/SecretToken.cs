using System.Security.Cryptography;
using System.Text;

namespace Attune.Store;

/// <summary>
/// A random secret in a link or a header. Only its hash is stored, and a lookup uses the hash, so its timing does not reveal the secret.
/// A fast hash is enough, because 256 random bits cannot be guessed.
/// </summary>
static class SecretToken
{
    const int Bytes = 32;

    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));

    public static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
