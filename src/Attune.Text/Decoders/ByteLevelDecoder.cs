namespace Attune.Text;

/// <summary>
/// Reads the characters of <see cref="ByteAlphabet"/> as bytes, and the bytes as UTF-8, with U+FFFD for what is not UTF-8. A token
/// that has any other character stands for itself.
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
