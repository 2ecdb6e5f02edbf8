using System.Text.Json;
using Attune.Input;

namespace Attune.Text;

/// <summary>
/// A value in a JSON file with its path, for error messages. Throws <see cref="InvalidDataException"/> for a value that is missing or
/// of the wrong type.
/// </summary>
readonly record struct JsonField(JsonElement Value, string File, string Path)
{
    public static JsonField Parse(string json, string file) => new(JsonInput.Parse(json, file), file, "");

    public JsonField this[string name] =>
        Optional(name) ?? throw Invalid($"must have '{name}'");

    /// <summary>The member with this name; null when it is absent or null.</summary>
    public JsonField? Optional(string name)
    {
        if (Value.ValueKind != JsonValueKind.Object)
            throw Wrong("an object");
        return Value.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null
            ? new(member, File, Path.Length == 0 ? name : $"{Path}.{name}")
            : null;
    }

    public string Text()
    {
        if (Value.ValueKind != JsonValueKind.String)
            throw Wrong("a string");
        try
        {
            return Value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong("a string of valid Unicode");
        }
    }

    /// <summary>A string with one Unicode character.</summary>
    public string Character() =>
        Text() is var text && text.EnumerateRunes().Count() == 1 ? text : throw Wrong("a string with one character");

    public bool Flag() => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("true or false"),
    };

    /// <summary>A whole number from 0 to a maximum, by default 2³¹−1.</summary>
    public int Whole(int most = int.MaxValue) =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out var number) && number >= 0 && number <= most
            ? number
            : throw Wrong(most == int.MaxValue ? "a whole number of at least 0" : $"a whole number from 0 to {most}");

    public double Number() => Value.ValueKind == JsonValueKind.Number ? Value.GetDouble() : throw Wrong("a number");

    /// <summary>A value of the enumeration, by its exact name.</summary>
    public T Choice<T>() where T : struct, Enum =>
        Enum.GetNames<T>().Contains(Text()) ? Enum.Parse<T>(Text()) : throw Unknown(typeof(T).Name, Enum.GetNames<T>());

    public bool Flag(string name, bool otherwise) => Optional(name)?.Flag() ?? otherwise;

    public IEnumerable<JsonField> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array)
            throw Wrong("a list");
        var (self, index) = (this, 0);
        return Value.EnumerateArray().Select(item => new JsonField(item, self.File, $"{self.Path}[{index++}]"));
    }

    public IEnumerable<(string Name, JsonField Field)> Members()
    {
        if (Value.ValueKind != JsonValueKind.Object)
            throw Wrong("an object");
        var self = this;
        return Value.EnumerateObject().Select(member =>
            (member.Name, new JsonField(member.Value, self.File, $"{self.Path}.{member.Name}")));
    }

    public InvalidDataException Wrong(string expected) =>
        Invalid($"must be {expected} (was {Shown(Value)})");

    public InvalidDataException Unknown(string what, params IReadOnlyList<string> known)
    {
        var name = Text();
        var hint = NearestName.Find(name, known) is { } near ? $" Did you mean '{near}'?" : "";
        return Invalid($"the {what} '{name}' is not supported; supported: {string.Join(", ", known)}.{hint}");
    }

    public InvalidDataException Invalid(string problem) =>
        new(Path.Length == 0 ? $"{File}: {problem}" : $"{File}, {Path}: {problem}");

    static string Shown(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => value.GetRawText() is { Length: <= 60 } text ? text : value.GetRawText()[..60] + "…",
    };
}
