using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Attune.Input;

/// <summary>Finds and describes the first error of a JSON text.</summary>
static class JsonSyntax
{
    const int LongestQuote = 20;

    static readonly SearchValues<byte> Space = SearchValues.Create(" \t\r\n"u8);
    static readonly SearchValues<byte> WordBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."u8);

    /// <summary>The offset and the description of the first error; null when the JSON is valid.</summary>
    public static (int Offset, string What)? FindProblem(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
            return (LengthOfValid(json), "this is not UTF-8; convert the file to UTF-8");
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonInput.MaxDepth });
        var open = new Stack<HashSet<string>?>();                  // the names in each open object; null for a list
        var consumed = 0;
        try
        {
            while (reader.Read())
            {
                if (CheckToken(ref reader, open) is { } problem)
                    return ((int)reader.TokenStartIndex, problem);
                consumed = (int)reader.BytesConsumed;
            }
            return null;
        }
        catch (JsonException) when (open.Count == JsonInput.MaxDepth)
        {
            return (consumed, $"lists and objects are nested more than {JsonInput.MaxDepth} levels deep");
        }
        catch (JsonException error)
        {
            return Describe(json, consumed, Math.Min(json.Length, OffsetOf(json, error)), open);
        }
        catch (InvalidOperationException)
        {
            return (
                (int)reader.TokenStartIndex, "a text has a lone surrogate (such as \\ud800), which is not a valid character; remove it");
        }
    }

    /// <summary>A place as line and column, both from 1; columns are characters.</summary>
    public static string Place(ReadOnlySpan<byte> json, int offset, int firstLine)
    {
        var before = json[..offset];
        var column = Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
        return $"line {firstLine + before.Count((byte)'\n')}, column {column}";
    }

    /// <summary>Enters or leaves an object or list, or decodes a text; returns what is wrong with a name.</summary>
    static string? CheckToken(ref Utf8JsonReader reader, Stack<HashSet<string>?> open)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                open.Push(new(StringComparer.Ordinal));
                break;
            case JsonTokenType.StartArray:
                open.Push(null);
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                open.Pop();
                break;
            case JsonTokenType.PropertyName when !open.Peek()!.Add(reader.GetString()!):
                return $"the name '{Shortened(reader.GetString()!)}' occurs twice in one object; remove one of them";
            case JsonTokenType.String:
                _ = reader.GetString();
                break;
        }
        return null;
    }

    /// <summary>
    /// Describes the error at <paramref name="place"/> from the text after the last valid token, which ends at
    /// <paramref name="consumed"/>.
    /// </summary>
    static (int Offset, string What) Describe(ReadOnlySpan<byte> json, int consumed, int place, Stack<HashSet<string>?> open)
    {
        var start = SkipSpace(json, consumed);
        var separator = start < json.Length && json[start] is (byte)',' or (byte)':' && open.Count > 0 ? (char)json[start] : '\0';
        var token = separator == '\0' ? start : SkipSpace(json, start + 1);
        if (token < json.Length && json[token] == '"' && place > token)
            return (place, EndOfText(json, token) is not { } end || place < end
                ? InText(json, place)
                : $"expected `:` after a name, found {Found(json, SkipSpace(json, end))}");
        var word = Word(json, token);
        if (IsValue(word) && place >= token + word.Length)
            return Describe(json, token + word.Length, place, open);
        var at = word.Length > 0 ? token : Math.Max(place, token);
        return (at, separator == ',' && at < json.Length && json[at] is (byte)'}' or (byte)']'
            ? $"there is a comma before `{(char)json[at]}`; remove the comma"
            : $"expected {Expected(json, consumed, separator, open)}, found {Found(json, at)}{Hint(json, at)}");
    }

    static string Expected(ReadOnlySpan<byte> json, int consumed, char separator, Stack<HashSet<string>?> open)
    {
        var last = consumed == 0 ? '\0' : (char)json[consumed - 1];
        if (open.Count == 0)
            return consumed == 0 ? "a value" : "the end of the text";
        var inObject = open.Peek() is not null;
        return (separator, last) switch
        {
            (',', _) => inObject ? "a name in double quotation marks" : "a value",
            (':', _) or (_, ':') => "a value",
            (_, '{') => "a name in double quotation marks, or `}`",
            (_, '[') => "a value, or `]`",
            _ => inObject ? "`,` or `}`" : "`,` or `]`",
        };
    }

    static string InText(ReadOnlySpan<byte> json, int place) =>
        place >= json.Length ? "the text ends inside quotation marks; it may be cut off"
        : json[place] is (byte)'\n' or (byte)'\r' ? "a line ends inside quotation marks; write \\n, or close the quotation marks"
        : json[place] < ' ' ? $"the control character U+{json[place]:X4} inside quotation marks must be written as \\u{json[place]:x4}"
        : "a backslash must be followed by one of \" \\ / b f n r t, or by u and four hexadecimal digits";

    static string Hint(ReadOnlySpan<byte> json, int at) => at >= json.Length ? "" : (char)json[at] switch
    {
        '\'' => "; JSON uses double quotation marks",
        '/' or '#' => "; JSON has no comments",
        'T' or 'F' or 'N' or 'I' or 'u' => "; JSON has null, true and false, and no NaN or Infinity",
        _ => "",
    };

    static string Found(ReadOnlySpan<byte> json, int at)
    {
        if (at >= json.Length)
            return "the end of the text; it may be cut off";
        var length = Math.Clamp(Word(json, at).Length, 1, LongestQuote);
        if (json[at] >= 0x80)
            Rune.DecodeFromUtf8(json[at..], out _, out length);
        return json[at] < ' ' ? $"the control character U+{json[at]:X4}" : $"`{Encoding.UTF8.GetString(json.Slice(at, length))}`";
    }

    /// <summary>The letters, digits and signs at a place: a number, null, true, false, or something that is not JSON.</summary>
    static ReadOnlySpan<byte> Word(ReadOnlySpan<byte> json, int at) =>
        json[at..].IndexOfAnyExcept(WordBytes) is >= 0 and var length ? json.Slice(at, length) : json[at..];

    static bool IsValue(ReadOnlySpan<byte> word)
    {
        var reader = new Utf8JsonReader(word);
        try
        {
            return word.Length > 0 && reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    static int SkipSpace(ReadOnlySpan<byte> json, int from) =>
        json[from..].IndexOfAnyExcept(Space) is >= 0 and var found ? from + found : json.Length;

    /// <summary>The offset after the closing quotation mark; null when there is none.</summary>
    static int? EndOfText(ReadOnlySpan<byte> json, int start)
    {
        for (var i = start + 1; i < json.Length; i++)
            if (json[i] == '\\')
                i++;
            else if (json[i] == '"')
                return i + 1;
            else if (json[i] < ' ')
                return null;
        return null;
    }

    static int OffsetOf(ReadOnlySpan<byte> json, JsonException error)
    {
        var start = 0;
        for (var line = 0L; line < (error.LineNumber ?? 0) && json[start..].IndexOf((byte)'\n') is >= 0 and var length; line++)
            start += length + 1;
        return start + (int)(error.BytePositionInLine ?? 0);
    }

    static int LengthOfValid(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (length < text.Length && Rune.DecodeFromUtf8(text[length..], out _, out var bytes) == OperationStatus.Done)
            length += bytes;
        return length;
    }

    static string Shortened(string text) => text.Length > LongestQuote ? text[..LongestQuote] + "…" : text;
}
