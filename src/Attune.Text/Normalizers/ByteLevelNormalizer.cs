namespace Attune.Text;

/// <summary>Replaces every byte of the UTF-8 text by a character of <see cref="ByteAlphabet"/>.</summary>
sealed class ByteLevelNormalizer : INormalizer
{
    public void Normalize(Draft draft) => draft.Rewrite(ByteLevelPreTokenizer.Spell);
}
