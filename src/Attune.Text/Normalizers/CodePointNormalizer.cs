using System.Globalization;
using System.Text;

namespace Attune.Text;

/// <summary>Replaces or removes characters one by one; the others are unchanged.</summary>
sealed class CodePointNormalizer(Func<Rune, Rune?> map) : INormalizer
{
    static readonly Rune Space = new(' ');

    /// <summary>
    /// The cleaning of Google's neural machine translation: removes control characters, and replaces unusual spaces by plain ones.
    /// </summary>
    public static CodePointNormalizer Nmt { get; } = new(rune => rune.Value switch
    {
        (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F => null,
        '\t' or '\n' or '\f' or '\r' or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD => Space,
        _ => rune,
    });

    /// <summary>
    /// BERT's cleaning: removes control, format and private-use characters, and replaces all white space by plain spaces.
    /// </summary>
    public static CodePointNormalizer BertCleaning { get; } = new(rune => rune.Value switch
    {
        '\t' or '\n' or '\r' => Space,
        0xFFFD => null,
        _ => Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse => null,
            _ => Rune.IsWhiteSpace(rune) ? Space : rune,
        },
    });

    /// <summary>Removes every combining mark (M).</summary>
    public static CodePointNormalizer WithoutMarks { get; } = new(rune => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark ? null : rune);

    /// <summary>Removes nonspacing marks (Mn).</summary>
    public static CodePointNormalizer WithoutNonSpacingMarks { get; } =
        new(rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark ? null : rune);

    public void Normalize(Draft draft) => draft.Rewrite(Rewrite);

    void Rewrite(ReadOnlySpan<char> piece, DraftWriter output)
    {
        var at = 0;
        foreach (var rune in piece.EnumerateRunes())
        {
            if (map(rune) is { } written)
                output.Append(written, at);
            at += rune.Utf16SequenceLength;
        }
    }
}
