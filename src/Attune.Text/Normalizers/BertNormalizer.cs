using System.Text;

namespace Attune.Text;

/// <summary>
/// BERT's normalizer. Each step is optional: cleaning, spaces around Chinese characters, removal of accents, lower case.
/// </summary>
static class BertNormalizer
{
    public static NormalizerSequence Read(JsonField field)
    {
        var lowercase = field.Flag("lowercase", true);
        var steps = new List<INormalizer>();
        if (field.Flag("clean_text", true))
            steps.Add(CodePointNormalizer.BertCleaning);
        if (field.Flag("handle_chinese_chars", true))
            steps.Add(new ChineseSpacing());
        if (field.Flag("strip_accents", lowercase))
            steps.AddRange([UnicodeFormNormalizer.Read(field, NormalizationForm.FormD), CodePointNormalizer.WithoutNonSpacingMarks]);
        if (lowercase)
            steps.Add(new LowercaseNormalizer());
        return new(steps);
    }

    /// <summary>Puts a space on both sides of every Chinese character, so that each is a word.</summary>
    sealed class ChineseSpacing : INormalizer
    {
        public void Normalize(Draft draft) => draft.Rewrite(Rewrite);

        static void Rewrite(ReadOnlySpan<char> piece, DraftWriter output)
        {
            var at = 0;
            foreach (var rune in piece.EnumerateRunes())
            {
                output.Append(IsChinese(rune.Value) ? $" {rune} " : rune.ToString(), at);
                at += rune.Utf16SequenceLength;
            }
        }

        /// <summary>
        /// The blocks of CJK ideographs in BERT's list. Extension E starts at U+2B920 there, an error that all implementations keep.
        /// </summary>
        static bool IsChinese(int codePoint) => codePoint
            is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0xF900 and <= 0xFAFF)
            or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F)
            or (>= 0x2B920 and <= 0x2CEAF) or (>= 0x2F800 and <= 0x2FA1F);
    }
}
