using System.Globalization;
using System.Text;

namespace Attune.Store;

/// <summary>Rules for names: no two names may look the same because of invisible, reordering or look-alike characters.</summary>
static class Names
{
    const char ZeroWidthNonJoiner = '\u200C', ZeroWidthJoiner = '\u200D';

    /// <summary>Characters without a glyph outside of the category Format: Unicode's Default_Ignorable_Code_Point, and blanks.</summary>
    static readonly (int First, int Last)[] Invisible =
    [
        (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065), (0x2800, 0x2800), (0x3164, 0x3164),
        (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF),
    ];

    /// <summary>Lower-case Cyrillic and Greek letters, and the Latin ones that they look like (Unicode UTS #39, confusables).</summary>
    const string Lookalikes = "аaвbеeкkмmнhоoрpсcтtуyхxіiјjѕsһhԁdԛqԝwүyαaβbεeζzηhιiκkμmνvοoρpτtυyχxγy";

    static readonly Dictionary<char, char> Latin = Lookalikes.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <returns>The name in Unicode's composed form, without surrounding white space.</returns>
    /// <exception cref="InvalidDataException">It is empty, too long, or has invisible characters.</exception>
    public static string Checked(string name, int longest)
    {
        name = Tidy(name);
        if (name.Length == 0 || name.Length > longest)
            throw new InvalidDataException($"a name must have 1 to {longest} characters");
        return name.EnumerateRunes().Any(IsHidden) || !JoinersJoin(name)
            ? throw new InvalidDataException("a name must not have control or invisible characters, or text direction marks") : name;
    }

    /// <summary>Normalises a name for comparison; invalid Unicode and U+0000 become U+FFFD.</summary>
    public static string Tidy(string name) => string.Concat(name.EnumerateRunes()).Replace('\0', '\uFFFD').Normalize().Trim();

    /// <summary>A text that is the same for names that read the same: by case, joiners, widths, spaces and look-alike letters.</summary>
    public static string Key(string name)
    {
        var folded = string.Concat(name.EnumerateRunes()).Normalize(NormalizationForm.FormKC).ToUpperInvariant().ToLowerInvariant();
        var letters = folded.Where(letter => letter is not (ZeroWidthJoiner or ZeroWidthNonJoiner))
            .Select(letter => Latin.GetValueOrDefault(letter, letter));
        return string.Join(' ', string.Concat(letters).Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));
    }

    static bool IsHidden(Rune rune) => rune.Value is not (ZeroWidthNonJoiner or ZeroWidthJoiner)
        && (Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            || Invisible.Any(range => rune.Value >= range.First && rune.Value <= range.Last) || rune == Rune.ReplacementChar);

    /// <summary>Whether joiners, which some scripts need, are between letters or marks of these scripts.</summary>
    static bool JoinersJoin(string name) => name.Index().All(letter =>
        letter.Item is not (ZeroWidthNonJoiner or ZeroWidthJoiner)
        || (letter.Index > 0 && letter.Index < name.Length - 1 && Joins(name[letter.Index - 1]) && Joins(name[letter.Index + 1])));

    static bool Joins(char letter) => letter > '\u0590' && (char.IsLetter(letter) || char.GetUnicodeCategory(letter)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark);
}
