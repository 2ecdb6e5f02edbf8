using System.Buffers;
using System.Text;

namespace Attune.Text;

/// <summary>
/// Replaces every byte of the UTF-8 text by a character of <see cref="ByteAlphabet"/>, after splitting by GPT-2's pattern with
/// <c>use_regex</c>.
/// </summary>
sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    static readonly SplitPreTokenizer Words = new(new Gpt2Pattern(), SplitBehavior.Isolated, invert: false);

    public SpellWord Spelling => Spell;

    public void Apply(Draft draft)
    {
        Divide(draft);
        draft.Rewrite(Spell);
    }

    public void Divide(Draft draft)
    {
        if (addPrefixSpace)
            draft.Rewrite(AddSpace);
        if (useRegex)
            Words.Apply(draft);
    }

    static void AddSpace(ReadOnlySpan<char> piece, DraftWriter output)
    {
        if (piece[0] != ' ')
            output.Append(' ', 0);
        output.Copy(piece);
    }

    static void Spell(ReadOnlySpan<char> word, ArrayBufferWriter<char> output)
    {
        var bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(word)];
        System.Text.Encoding.UTF8.GetBytes(word, bytes);
        var letters = output.GetSpan(bytes.Length);
        for (var at = 0; at < bytes.Length; at++)
            letters[at] = ByteAlphabet.CharOf(bytes[at]);
        output.Advance(bytes.Length);
    }

    internal static void Spell(ReadOnlySpan<char> piece, DraftWriter output)
    {
        Span<byte> bytes = stackalloc byte[4];
        for (var at = 0; at < piece.Length;)
        {
            if (char.IsAscii(piece[at]))
            {
                output.Append(ByteAlphabet.CharOf((byte)piece[at]), at);
                at++;
                continue;
            }
            Rune.DecodeFromUtf16(piece[at..], out var rune, out var units);
            foreach (var value in bytes[..rune.EncodeToUtf8(bytes)])
                output.Append(ByteAlphabet.CharOf(value), at);
            at += units;
        }
    }
}
