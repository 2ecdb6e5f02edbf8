using System.Globalization;
using System.Text;

namespace Attune.Store;

/// <summary>Rules for names: no two names may look the same because of invisible or reordering characters.</summary>
static class Names
{
    /// <returns>The name in Unicode's composed form, without surrounding white space.</returns>
    /// <exception cref="InvalidDataException">It is empty, too long, or has invisible characters.</exception>
    public static string Checked(string name, int longest)
    {
        name = Tidy(name);
        if (name.Length == 0 || name.Length > longest)
            throw new InvalidDataException($"a name must have 1 to {longest} characters");
        return name.EnumerateRunes().Any(IsHidden)
            ? throw new InvalidDataException("a name must not have control characters or text direction marks") : name;
    }

    /// <summary>Normalises a name for comparison; invalid Unicode becomes U+FFFD.</summary>
    public static string Tidy(string name) => string.Concat(name.EnumerateRunes()).Normalize().Trim();

    // Joiners are allowed: some scripts need them.
    static bool IsHidden(Rune rune) => rune.Value is not (0x200C or 0x200D)
        && (Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            || rune == Rune.ReplacementChar);
}
