using System.Collections.Concurrent;
using System.Globalization;

namespace Attune.Text;

/// <summary>Named sets of code points in patterns: general categories in <c>\p{…}</c>, and the letters after a backslash.</summary>
static class NamedSets
{
    static readonly ConcurrentDictionary<string, CodePointSet> Cache = new();

    static readonly string[] Categories =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",   // in the order of UnicodeCategory
    ];

    public static CodePointSet NewLine { get; } = CodePointSet.Range('\n', '\n');

    public static CodePointSet Word => Where("\\w", CodePoints.IsWordOfPatterns);

    /// <summary>The set of <c>\s \d \w \h</c>, or for upper-case letters its complement; null for other letters.</summary>
    public static CodePointSet? OfEscape(char letter) => letter switch
    {
        's' => Where("\\s", CodePoints.IsSpace),
        'd' => OfCategory("Nd"),
        'w' => Word,
        'h' => Where("\\h", codePoint => codePoint < 128 && char.IsAsciiHexDigit((char)codePoint)),
        'S' or 'D' or 'W' or 'H' => OfEscape(char.ToLowerInvariant(letter))!.Complement(),
        _ => null,
    };

    /// <summary>The set of a general category by its short name, such as <c>L</c> or <c>Lu</c>; null for other names.</summary>
    public static CodePointSet? OfCategory(string name) =>
        name.Length is 1 or 2 && Categories.Any(category => category.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            ? Where(name.ToUpperInvariant(), codePoint =>
                Categories[(int)CharUnicodeInfo.GetUnicodeCategory(codePoint)].StartsWith(name, StringComparison.OrdinalIgnoreCase))
            : null;

    static CodePointSet Where(string name, Func<int, bool> holds) => Cache.GetOrAdd(name, _ => CodePointSet.Where(holds));
}
