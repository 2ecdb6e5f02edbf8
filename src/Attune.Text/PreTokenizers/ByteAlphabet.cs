namespace Attune.Text;

/// <summary>
/// A visible character for each of the 256 bytes (Radford et al. 2019): printable Latin-1 characters represent themselves, and the
/// other bytes, in order, are U+0100, U+0101, …
/// </summary>
static class ByteAlphabet
{
    const int NoByte = -1;

    static readonly char[] Chars = Build();
    static readonly short[] Bytes = Invert();

    public static IReadOnlyList<char> All => Chars;

    public static char CharOf(byte value) => Chars[value];

    /// <summary>The byte of a character; false if there is none.</summary>
    public static bool TryByteOf(char letter, out byte value)
    {
        var found = letter < Bytes.Length ? Bytes[letter] : NoByte;
        value = (byte)found;
        return found != NoByte;
    }

    static char[] Build()
    {
        var (chars, next) = (new char[256], 0x100);
        for (var value = 0; value < 256; value++)
            chars[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : (char)next++;
        return chars;
    }

    static short[] Invert()
    {
        var bytes = new short[Chars.Max() + 1];
        Array.Fill(bytes, (short)NoByte);
        for (var value = 0; value < 256; value++)
            bytes[Chars[value]] = (short)value;
        return bytes;
    }
}
