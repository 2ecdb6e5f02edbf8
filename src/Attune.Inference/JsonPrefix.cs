namespace Attune;

/// <summary>
/// What may follow the beginning of a JSON object, character by character (RFC 8259). White space before the object is not allowed.
/// </summary>
/// <param name="Stack">The open objects and arrays, the innermost last: { and [.</param>
/// <param name="Place">Where in the grammar the text ends.</param>
/// <param name="Rest">What is left of true, false or null; of an escape, the digits that are missing.</param>
/// <param name="Spaces">White space at the end, which is limited.</param>
readonly record struct JsonPrefix(string Stack, JsonPlace Place, string Rest = "", int Spaces = 0)
{
    /// <summary>More white space in a row would be padding.</summary>
    const int MostSpaces = 12;

    const int Deepest = 32;

    public static JsonPrefix Empty { get; } = new("", JsonPlace.Start);

    /// <summary>Whether the text is a whole object.</summary>
    public bool IsWhole => Place == JsonPlace.AfterValue && Stack.Length == 0;

    /// <summary>The prefix with more text; null where no object begins so.</summary>
    public JsonPrefix? Add(string text)
    {
        var prefix = this;
        foreach (var letter in text)
            if (prefix.Add(letter) is { } next)
                prefix = next;
            else
                return null;
        return prefix;
    }

    JsonPrefix? Add(char letter) => Place switch
    {
        JsonPlace.Key or JsonPlace.String => InString(letter),
        JsonPlace.KeyEscape or JsonPlace.StringEscape => InEscape(letter),
        JsonPlace.Literal => Rest[0] != letter ? null : Rest.Length > 1 ? this with { Rest = Rest[1..] } : AfterValue(),
        >= JsonPlace.Minus => InNumber(letter),
        JsonPlace.Start => letter == '{' ? Open(letter) : null,
        _ when letter is ' ' or '\n' or '\t' or '\r' => IsWhole || Spaces >= MostSpaces ? null : this with { Spaces = Spaces + 1 },
        JsonPlace.FirstKey => letter == '}' ? Close() : BeginKey(letter),
        JsonPlace.NextKey => BeginKey(letter),
        JsonPlace.Colon => letter == ':' ? To(JsonPlace.Value) : null,
        JsonPlace.FirstItem => letter == ']' ? Close() : BeginValue(letter),
        JsonPlace.Value => BeginValue(letter),
        _ => Continue(letter),
    };

    JsonPrefix To(JsonPlace place) => new(Stack, place);

    JsonPrefix AfterValue() => To(JsonPlace.AfterValue);

    JsonPrefix? Open(char bracket) => Stack.Length >= Deepest
        ? null
        : new(Stack + bracket, bracket == '{' ? JsonPlace.FirstKey : JsonPlace.FirstItem);

    JsonPrefix Close() => new(Stack[..^1], JsonPlace.AfterValue);

    JsonPrefix? BeginKey(char letter) => letter == '"' ? To(JsonPlace.Key) : null;

    JsonPrefix? BeginValue(char letter) => letter switch
    {
        '"' => To(JsonPlace.String),
        '{' or '[' => Open(letter),
        't' => Literal("rue"),
        'f' => Literal("alse"),
        'n' => Literal("ull"),
        '-' => To(JsonPlace.Minus),
        '0' => To(JsonPlace.Zero),
        >= '1' and <= '9' => To(JsonPlace.Digits),
        _ => null,
    };

    JsonPrefix Literal(string rest) => new(Stack, JsonPlace.Literal, rest);

    /// <summary>After a value: the next one, or the end of the object or array.</summary>
    JsonPrefix? Continue(char letter) => (letter, Stack) switch
    {
        (',', [.., '{']) => To(JsonPlace.NextKey),
        (',', [.., '[']) => To(JsonPlace.Value),
        ('}', [.., '{']) or (']', [.., '[']) => Close(),
        _ => null,
    };

    JsonPrefix? InString(char letter)
    {
        var isKey = Place == JsonPlace.Key;
        return letter switch
        {
            '"' => To(isKey ? JsonPlace.Colon : JsonPlace.AfterValue),
            '\\' => To(isKey ? JsonPlace.KeyEscape : JsonPlace.StringEscape),
            < ' ' => null,
            _ => this,
        };
    }

    JsonPrefix? InEscape(char letter)
    {
        var inside = To(Place == JsonPlace.KeyEscape ? JsonPlace.Key : JsonPlace.String);
        if (Rest.Length > 0)
            return !char.IsAsciiHexDigit(letter) ? null : Rest.Length == 1 ? inside : this with { Rest = Rest[1..] };
        return letter == 'u' ? this with { Rest = "0000" } : "\"\\/bfnrt".Contains(letter) ? inside : null;
    }

    JsonPrefix? InNumber(char letter)
    {
        var isDigit = char.IsAsciiDigit(letter);
        JsonPlace? next = (Place, letter) switch
        {
            (JsonPlace.Minus, '0') => JsonPlace.Zero,
            (JsonPlace.Minus or JsonPlace.Digits, _) when isDigit => JsonPlace.Digits,
            (JsonPlace.Zero or JsonPlace.Digits, '.') => JsonPlace.Point,
            (JsonPlace.Point or JsonPlace.Fraction, _) when isDigit => JsonPlace.Fraction,
            (JsonPlace.Zero or JsonPlace.Digits or JsonPlace.Fraction, 'e' or 'E') => JsonPlace.Exponent,
            (JsonPlace.Exponent, '+' or '-') => JsonPlace.ExponentSign,
            (JsonPlace.Exponent or JsonPlace.ExponentSign or JsonPlace.ExponentDigits, _) when isDigit => JsonPlace.ExponentDigits,
            _ => null,
        };
        var mayEnd = Place is JsonPlace.Zero or JsonPlace.Digits or JsonPlace.Fraction or JsonPlace.ExponentDigits;
        return next is { } place ? To(place) : mayEnd ? AfterValue().Add(letter) : null;
    }
}

/// <summary>Where in the grammar a beginning of JSON ends. Numbers come last.</summary>
enum JsonPlace
{
    Start,
    FirstKey,
    NextKey,
    Key,
    KeyEscape,
    Colon,
    Value,
    FirstItem,
    String,
    StringEscape,
    Literal,
    AfterValue,
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}
