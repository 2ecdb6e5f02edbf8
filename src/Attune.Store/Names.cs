using System.Globalization;
using System.Text;

namespace Attune.Store;

/// <summary>What a name may look like: no two that read the same by invisible or reordering characters.</summary>
static class Names
{
    /// <returns>The name in Unicode's composed form, without space around it.</returns>
    /// <exception cref="InvalidDataException">It is empty, too long, or has characters that do not show.</exception>
    public static string Checked(string name, int longest)
    {
        name = Tidy(name);
        if (name.Length == 0 || name.Length > longest)
            throw new InvalidDataException($"a name of 1 to {longest} characters was expected");
        return name.EnumerateRunes().Any(IsHidden) ? throw new InvalidDataException("a name without control characters and text direction marks was expected") : name;
    }

    /// <summary>As names are compared; what is no Unicode text becomes U+FFFD.</summary>
    public static string Tidy(string name) => string.Concat(name.EnumerateRunes()).Normalize().Trim();

    // Joiners are letters' business in some scripts.
    static bool IsHidden(Rune rune) => rune.Value is not (0x200C or 0x200D)
        && (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            || rune == Rune.ReplacementChar);
}
