namespace Attune.Text;

/// <summary>The tokens <c>&lt;0x00&gt;</c> … <c>&lt;0xFF&gt;</c>, which spell text that the vocabulary does not have in UTF-8.</summary>
static class ByteTokens
{
    public static string FromByte(byte value) => $"<0x{value:X2}>";

    /// <summary>The ids that spell a text, or null if the vocabulary does not have one of them.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="ids">The ids of the 256 tokens; null for those that are missing.</param>
    public static int[]? Spell(ReadOnlySpan<char> text, int?[] ids)
    {
        var bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(text)];
        System.Text.Encoding.UTF8.GetBytes(text, bytes);
        return Array.TrueForAll(bytes, value => ids[value] is not null) ? Array.ConvertAll(bytes, value => ids[value]!.Value) : null;
    }
}
