using System.Text;

namespace Attune.Text;

/// <summary>Lower case, character by character, without language-specific or contextual rules.</summary>
sealed class LowercaseNormalizer : INormalizer
{
    public void Normalize(Draft draft) => draft.Rewrite(Rewrite);

    static void Rewrite(ReadOnlySpan<char> piece, DraftWriter output)
    {
        var at = 0;
        foreach (var rune in piece.EnumerateRunes())
        {
            if (rune.Value == 'İ')
                output.Append("i\u0307", at);                      // the only letter whose lower case is longer
            else
                output.Append(Rune.ToLowerInvariant(rune), at);
            at += rune.Utf16SequenceLength;
        }
    }
}
