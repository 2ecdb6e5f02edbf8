using System.Text;

namespace Attune.Text.Tests;

/// <summary>Texts that often cause errors.</summary>
static class HostileText
{
    public static readonly string[] Examples =
    [
        "", " ", "\0", "a\0b", "\r\n\r\n \t\u00A0\u3000\u2028\u0085", "e\u0301 \u0344 \u0301\u0323", "\u1100\u1161\u11A8", "👩‍👩‍👧‍👦🏳️‍🌈🇰🇷",
        "\uFFFE\uFFFF\U0010FFFF\uFFFD", "🙂", "𝒜𝓁𝓁 𝟏𝟐𝟑 𐐀𐐨", "'s 'S 'ſ 'LL 'Re ''", "Ġ Ċ ▁ <0x0A> ##ing", "İıſKÅẞß", "12345678901234567890",
        "<|endoftext|> <|pad|><|endof", "   leading and trailing   ", "\n \n  \n   x", "ภาษาไทย हिन्दी עברית العربية 한국어 中文",
    ];

    /// <summary>A text of random code points, with many unusual ones.</summary>
    public static string Random(Random random, int length)
    {
        var text = new StringBuilder();
        for (var i = 0; i < length; i++)
            text.Append(RandomRune(random));
        return text.ToString();
    }

    static Rune RandomRune(Random random) => random.Next(10) switch
    {
        0 => new(" \n\r\t\u00A0\u3000"[random.Next(6)]),
        1 => new("'sStTmdreveLLſ"[random.Next(14)]),
        2 => new('0' + random.Next(10)),
        3 => new(0x300 + random.Next(0x70)),
        4 => new(0x1D400 + random.Next(0x400)),
        5 => new(0x1F300 + random.Next(0x300)),
        6 => new(0xAC00 + random.Next(0x2000)),
        7 => new(random.Next(0xD800)),
        8 => new(0xE000 + random.Next(0x10FFFF - 0xE000)),
        _ => new('a' + random.Next(26)),
    };
}
