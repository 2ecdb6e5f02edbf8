namespace Attune.Text;

/// <summary>
/// Decodes the characters of <see cref="ByteAlphabet"/> to bytes, and the bytes as UTF-8, with U+FFFD for invalid bytes. A token with
/// any other character is not changed.
/// </summary>
sealed class ByteLevelDecoder : IDecoder
{
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens)
    {
        var bytes = new List<byte>(tokens.Count * 4);
        foreach (var token in tokens)
        {
            var start = bytes.Count;
            foreach (var letter in token)
            {
                if (!ByteAlphabet.TryByteOf(letter, out var value))
                {
                    bytes.RemoveRange(start, bytes.Count - start);
                    bytes.AddRange(System.Text.Encoding.UTF8.GetBytes(token));
                    break;
                }
                bytes.Add(value);
            }
        }
        return [System.Text.Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes))];
    }
}
