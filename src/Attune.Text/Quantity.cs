using System.Globalization;
using System.Text.RegularExpressions;

namespace Attune.Text;

/// <summary>A count of things in a sentence.</summary>
public static partial class Quantity
{
    /// <summary>"1 prompt", "1,234 prompts"; 0 has the plural too.</summary>
    /// <param name="count">How many.</param>
    /// <param name="thing">The singular.</param>
    /// <param name="things">The plural; null for the singular and an s.</param>
    public static string Of(long count, string thing, string? things = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? thing : things ?? thing + "s")}");

    /// <summary>
    /// A sentence whose first noun and verbs agree with its count: "12 prompts that leave no space were left out", "1 prompt that leaves
    /// no space was left out".
    /// </summary>
    /// <param name="count">How many.</param>
    /// <param name="plural">The sentence in the plural, without the number.</param>
    public static string Sentence(long count, string plural) => string.Create(
        CultureInfo.InvariantCulture,
        $"{count:N0} {(count == 1 ? Verb().Replace(Noun().Replace(plural, "${noun}", 1), verb => Singular[verb.Value]) : plural)}");

    static readonly Dictionary<string, string> Singular = new(StringComparer.Ordinal)
    {
        ["were"] = "was", ["are"] = "is", ["have"] = "has", ["begin"] = "begins", ["leave"] = "leaves", ["fill"] = "fills",
    };

    [GeneratedRegex(@"\b(?<noun>\w+)s\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Noun();

    /// <summary>A verb of the first clause.</summary>
    [GeneratedRegex(@"(?<=^[^:;,(]*)\b(?:were|are|have|begin|leave|fill)\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Verb();
}
