using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Attune.Text;

namespace Attune.Data;

/// <summary>One record of a data file: named fields, independent of the file format. Errors name the file and the line.</summary>
public sealed class Row
{
    readonly JsonElement fields;
    readonly Dictionary<string, JsonElement> values;               // the fields by the names in the file
    readonly FieldNames names;

    public Row(Origin origin, JsonElement fields)
        : this(origin, fields, fields.EnumerateObject().ToDictionary(field => field.Name, field => field.Value, StringComparer.Ordinal),
            FieldNames.AsWritten)
    {
    }

    Row(Origin origin, JsonElement fields, Dictionary<string, JsonElement> values, FieldNames names) =>
        (Origin, this.fields, this.values, this.names) = (origin, fields, values, names);

    public Origin Origin { get; }

    /// <summary>The names of the fields, in their order.</summary>
    public IEnumerable<string> Names => names.OfRow(values.Keys);

    /// <summary>The row as it is written, without renamed or ignored fields.</summary>
    public string Raw => fields.GetRawText();

    /// <summary><see cref="Raw"/> in UTF-8.</summary>
    internal ReadOnlySpan<byte> RawUtf8 => JsonMarshal.GetRawUtf8Value(fields);

    /// <summary>The same row under other names, without the fields that are ignored.</summary>
    internal Row Under(FieldNames other) => new(Origin, fields, values, other);

    /// <summary>A field as JSON.</summary>
    /// <exception cref="InvalidDataException">The field is missing or null, or a text in it has a lone surrogate.</exception>
    public JsonElement Required(string name) => Has(name) ? Field(name) : throw Wrong(name, "present");

    public bool Has(string name) => Find(name).ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    /// <summary>Whether a field is present; it may be null.</summary>
    internal bool Exists(string name) => Find(name).ValueKind != JsonValueKind.Undefined;

    /// <summary>Whether a field has content: it is not null, and no empty text, list or object.</summary>
    internal bool HasContent(string name) => Field(name) switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => false,
        { ValueKind: JsonValueKind.String } text => text.GetString()!.Length > 0,
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength() > 0,
        { ValueKind: JsonValueKind.Object } map => map.EnumerateObject().Any(),
        _ => true,
    };

    public string Text(string name) => Field(name) switch
    {
        { ValueKind: JsonValueKind.String } value => value.GetString()!,
        _ => throw Wrong(name, "a text"),
    };

    public IReadOnlyList<string> Texts(string name) =>
        Items(name) is { } items && items.TrueForAll(item => item.ValueKind == JsonValueKind.String)
            ? [.. items.Select(item => item.GetString()!)]
            : throw Wrong(name, "a list of texts");

    /// <summary>Whether a field is present and, as a cell of a CSV file, not empty.</summary>
    public bool IsGiven(string name) => Has(name) && Word(name) != "";

    /// <summary>A text without surrounding white space; null for a value that is not a text.</summary>
    public string? Word(string name) => Field(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()!.Trim() : null;

    public IReadOnlyList<int> WholeNumbers(string name) =>
        Items(name) is { } items && items.TrueForAll(IsWhole) ? [.. items.Select(item => item.GetInt32())]
            : throw Wrong(name, "a list of whole numbers");

    /// <summary>Integers, with null where the list has null.</summary>
    public IReadOnlyList<int?> WholeNumbersOrNull(string name) =>
        Items(name) is { } items && items.TrueForAll(item => item.ValueKind == JsonValueKind.Null || IsWhole(item))
            ? [.. items.Select(item => item.ValueKind == JsonValueKind.Null ? null : (int?)item.GetInt32())]
            : throw Wrong(name, "a list of whole numbers, with null for responses that were not ranked");

    /// <summary>Finite numbers.</summary>
    public IReadOnlyList<double> Numbers(string name) =>
        Items(name) is { } items && items.TrueForAll(item => item.ValueKind == JsonValueKind.Number && double.IsFinite(item.GetDouble()))
            ? [.. items.Select(item => item.GetDouble())]
            : throw Wrong(name, "a list of numbers");

    /// <summary>True or false, also as 1 or 0 or as a text (as in a cell of a CSV file).</summary>
    public bool Flag(string name) => ReadFlag(Field(name)) ?? throw Wrong(name, "true or false");

    /// <summary>A flag, or a thumb: up or down, 👍 or 👎, 1 or -1.</summary>
    public bool Thumb(string name) => (Word(name) ?? Field(name).ToString()).ToLowerInvariant() switch
    {
        "up" or "thumbs up" or "thumbs_up" or "👍" => true,
        "down" or "thumbs down" or "thumbs_down" or "👎" or "-1" => false,
        _ => ReadFlag(Field(name)) ?? throw Wrong(name, "true or false, 1 or 0, or up or down"),
    };

    public IReadOnlyList<bool> Flags(string name) =>
        Items(name) is { } items && items.TrueForAll(item => ReadFlag(item) is not null)
            ? [.. items.Select(item => ReadFlag(item)!.Value)]
            : throw Wrong(name, "a list of true and false");

    static bool? ReadFlag(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => value.GetBoolean(),
        JsonValueKind.Number when value.TryGetInt32(out var number) && number is 0 or 1 => number == 1,
        JsonValueKind.String => value.GetString()!.Trim().ToLowerInvariant() switch
        {
            "true" or "1" => true,
            "false" or "0" => false,
            _ => null,
        },
        _ => null,
    };

    public int WholeNumber(string name) => IsWhole(Field(name)) ? Field(name).GetInt32() : throw Wrong(name, "a whole number");

    /// <summary>A finite number, or a text that is one (as in a cell of a CSV file).</summary>
    public double Number(string name, string expected = "a number") =>
        Field(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && double.IsFinite(number) ? number
        : double.TryParse(Word(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var cell) && double.IsFinite(cell) ? cell
        : throw Wrong(name, expected);

    /// <summary>A list of objects.</summary>
    public IReadOnlyList<Row> Rows(string name) =>
        Items(name) is { Count: > 0 } items && items.TrueForAll(item => item.ValueKind == JsonValueKind.Object)
            ? [.. items.Select(item => new Row(Origin, item))]
            : throw Wrong(name, "a list of at least one object");

    static bool IsWhole(JsonElement item) => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out _);

    /// <summary>Whether a field is a list, also as the text of a cell of a CSV file.</summary>
    public bool IsList(string name) => Items(name) is not null;

    /// <summary>Whether a field is a list, which should be of messages, and not a text.</summary>
    public bool HasMessages(string name) => Field(name).ValueKind == JsonValueKind.Array;

    public IReadOnlyList<Message> Messages(string name) =>
        Items(name) is { } items && AreMessages(items) ? ToMessages(items) : throw Wrong(name, "a list of {\"role\": …, \"content\": …}");

    /// <summary>Whether a field is a list of lists, each a response in messages.</summary>
    public bool HasMessageLists(string name) =>
        Items(name) is { Count: > 0 } items && items.Exists(item => item.ValueKind == JsonValueKind.Array);

    /// <summary>Lists of messages, each a response.</summary>
    public IReadOnlyList<IReadOnlyList<Message>> MessageLists(string name) =>
        Items(name) is { } lists
            && lists.TrueForAll(list => list.ValueKind == JsonValueKind.Array && AreMessages([.. list.EnumerateArray()]))
            ? [.. lists.Select(list => ToMessages([.. list.EnumerateArray()]))]
            : throw Wrong(name, "a list of responses, each a list of {\"role\": …, \"content\": …}");

    static bool AreMessages(List<JsonElement> items) => items.Count > 0 && items.TrueForAll(IsMessage);

    IReadOnlyList<Message> ToMessages(List<JsonElement> items)
    {
        try
        {
            return [.. items.Select(MessageFormat.Read)];
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{Origin}: {error.Message}", error);
        }
    }

    /// <summary>A message has a role and content (a text, or a list of parts), or tool calls instead of content.</summary>
    static bool IsMessage(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object
        && item.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String
        && (item.TryGetProperty("content", out var content) ? content.ValueKind : JsonValueKind.Null) switch
        {
            JsonValueKind.String or JsonValueKind.Array => true,
            JsonValueKind.Null => item.TryGetProperty("tool_calls", out _),
            _ => false,
        };

    /// <summary>A field as JSON, which may be written as a text; null where it is missing.</summary>
    public JsonElement? Json(string name) => !Has(name) ? null
        : Field(name) is { ValueKind: JsonValueKind.String } text ? ParseCell(name, text.GetString()!, "JSON") : Field(name);

    /// <summary>The items of a list; a cell of a CSV file may hold the list as JSON text.</summary>
    List<JsonElement>? Items(string name)
    {
        var value = Field(name);
        if (value.ValueKind == JsonValueKind.String && value.GetString()!.TrimStart().StartsWith('['))
            value = ParseCell(name, value.GetString()!, "a list");
        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : null;
    }

    JsonElement ParseCell(string name, string text, string expected)
    {
        try
        {
            return Decoded(name, JsonElement.Parse(text));
        }
        catch (JsonException)
        {
            throw Wrong(name, expected);
        }
    }

    JsonElement Field(string name) => Decoded(name, Find(name));

    JsonElement Find(string name) => names.InFile(name) is { } written && values.TryGetValue(written, out var value) ? value : default;

    /// <summary>The same value, after all texts in it were decoded once.</summary>
    /// <exception cref="InvalidDataException">A text has a lone surrogate, so it is not Unicode.</exception>
    JsonElement Decoded(string name, JsonElement value)
    {
        try
        {
            Decode(value);
            return value;
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidDataException(
                $"{Origin}: '{name}' contains a lone surrogate (such as \\ud83d), which is not a valid character; remove it", error);
        }
    }

    /// <exception cref="InvalidOperationException">A text has a lone surrogate.</exception>
    static void Decode(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            _ = value.GetString();
        else if (value.ValueKind == JsonValueKind.Array)
            foreach (var item in value.EnumerateArray())
                Decode(item);
        else if (value.ValueKind == JsonValueKind.Object)
            foreach (var member in value.EnumerateObject())
            {
                _ = member.Name;
                Decode(member.Value);
            }
    }

    internal InvalidDataException Wrong(string name, string expected)
    {
        var found = Find(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetRawText() : "nothing";
        return new($"{Origin}: '{name}' must be {expected} (was {(found.Length > 60 ? found[..60] + " …" : found)})");
    }
}
