using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Attune.Cli;

/// <summary>JSON for people to read: letters beyond ASCII are not escaped.</summary>
static partial class JsonText
{
    public static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static readonly JsonSerializerOptions Indented = new(Readable) { WriteIndented = true };

    /// <summary>A line of JSON with its emoji, which .NET's encoder escapes.</summary>
    public static string Line(JsonNode node) => SurrogatePair().Replace(node.ToJsonString(Readable), pair =>
        pair.Groups["before"].Value + Unit(pair.Groups["high"]) + Unit(pair.Groups["low"]));

    static char Unit(Group digits) => (char)int.Parse(digits.Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    // an even number of backslashes before it: \\uD83D is a backslash and text
    [GeneratedRegex(@"(?<=[^\\])(?<before>(\\\\)*)\\u(?<high>D[89AB][0-9A-F]{2})\\u(?<low>D[C-F][0-9A-F]{2})",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: -1)]
    private static partial Regex SurrogatePair();
}
