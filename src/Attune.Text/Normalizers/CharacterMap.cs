using System.Buffers.Binary;

namespace Attune.Text;

/// <summary>
/// SentencePiece's compiled table of replacements: the size of a trie in bytes, the trie, and the replacements, each terminated by a
/// zero byte. The trie is a double array (Yata et al. 2007, in the layout of darts-clone): 32-bit units, each with the label of the
/// edge that leads to it and the offset that, combined with the next byte, gives its child.
/// </summary>
sealed class CharacterMap
{
    const int SizeLength = sizeof(uint);

    readonly uint[] units;
    readonly byte[] replacements;

    /// <param name="compiled">The table; throws <see cref="InvalidDataException"/> if it is invalid.</param>
    public CharacterMap(ReadOnlySpan<byte> compiled)
    {
        var size = compiled.Length >= SizeLength ? BinaryPrimitives.ReadUInt32LittleEndian(compiled) : uint.MaxValue;
        if (size % sizeof(uint) != 0 || size > compiled.Length - SizeLength)
            throw new InvalidDataException($"a compiled character map of {compiled.Length} bytes cannot have a trie of {size}");
        units = new uint[size / sizeof(uint)];
        for (var i = 0; i < units.Length; i++)
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(compiled[(SizeLength + i * sizeof(uint))..]);
        replacements = compiled[(SizeLength + (int)size)..].ToArray();
    }

    /// <summary>The replacement for the shortest entry that the text starts with (as in Hugging Face's tokenizers), or null.</summary>
    public string? Find(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[4];
        var node = units.Length > 0 ? Offset(units[0]) : 0;
        foreach (var rune in text.EnumerateRunes())
        {
            foreach (var value in bytes[..rune.EncodeToUtf8(bytes)])
            {
                node ^= value;
                if (value == 0 || node >= units.Length || Label(units[node]) != value)
                    return null;
                var unit = units[node];
                node ^= Offset(unit);
                if (HasLeaf(unit) && node < units.Length)
                    return Replacement(units[node] & int.MaxValue);
            }
        }
        return null;
    }

    static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1 << 9)) >> 6);

    static uint Label(uint unit) => unit & (0x80000000 | 0xFF);

    static bool HasLeaf(uint unit) => (unit & (1 << 8)) != 0;

    string? Replacement(uint start)
    {
        if (start > replacements.Length)
            return null;
        var rest = replacements.AsSpan((int)start);
        var end = rest.IndexOf((byte)0);
        return System.Text.Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
