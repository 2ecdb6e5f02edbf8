namespace Attune.Text;

/// <summary>Writes every byte of the UTF-8 text as one character of <see cref="ByteAlphabet"/>.</summary>
sealed class ByteLevelNormalizer : INormalizer
{
    public void Normalize(Draft draft) => draft.Rewrite(ByteLevelPreTokenizer.Spell);
}
