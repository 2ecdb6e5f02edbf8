using System.Text.Encodings.Web;
using System.Text.Json;

namespace Attune;

/// <summary>
/// The grammar of the JSON that follows a schema. Members are written in the order of the schema, and an object has no others, as in the
/// strict mode of OpenAI's API.
/// </summary>
sealed class SchemaGrammar
{
    const string Supported = "supported are type, properties, required, additionalProperties: false, items, minItems, maxItems, enum, "
        + "const, anyOf, and $ref into $defs";

    static readonly HashSet<string> Annotations = new(StringComparer.Ordinal)
    {
        "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "format", "$schema", "$id", "$comment",
        "$defs", "definitions", "strict",
    };
    static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "enum", "const", "anyOf", "$ref",
    };
    static readonly JsonSerializerOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly string subject;
    readonly JsonElement root;
    readonly Dictionary<string, Grammar> rules = new(StringComparer.Ordinal);

    SchemaGrammar(JsonElement root, string subject) => (this.root, this.subject) = (root, subject);

    /// <param name="schema">The schema.</param>
    /// <param name="subject">What has the schema, for messages.</param>
    /// <exception cref="InvalidDataException">The schema has something that is not supported; the message names the place.</exception>
    public static Grammar Read(JsonElement schema, string subject) => new SchemaGrammar(schema, subject).Read(schema, "#", ["#"]);

    /// <summary>A JSON value as it is written.</summary>
    public static Grammar Exactly(JsonElement value) => Grammar.Of(JsonSerializer.Serialize(value, Written));

    /// <inheritdoc cref="Exactly(JsonElement)"/>
    public static Grammar Exactly(string value) => Grammar.Of(JsonSerializer.Serialize(value, Written));

    /// <param name="schema">A schema inside the root.</param>
    /// <param name="place">Where it is, as a JSON pointer.</param>
    /// <param name="open">References that lead here without a character between them.</param>
    Grammar Read(JsonElement schema, string place, IReadOnlyList<string> open)
    {
        if (schema.ValueKind == JsonValueKind.True)
            return JsonGrammar.Value;
        if (schema.ValueKind != JsonValueKind.Object)
            throw Refused("a schema must be an object", place);
        foreach (var keyword in schema.EnumerateObject().Select(member => member.Name))
            if (!Keywords.Contains(keyword) && !Annotations.Contains(keyword))
                throw Refused($"'{keyword}' is not supported", place);
        if (schema.TryGetProperty("$ref", out var reference))
            return Refer(reference, place, open);
        if (schema.TryGetProperty("const", out var constant))
            return Exactly(constant);
        if (schema.TryGetProperty("enum", out var values))
            return Grammar.AnyOf(List(values, $"{place}/enum").Select(value => Exactly(value)));
        if (schema.TryGetProperty("anyOf", out var any))
            return Grammar.AnyOf(List(any, $"{place}/anyOf").Select((option, at) => Read(option, $"{place}/anyOf/{at}", open)));
        return !schema.TryGetProperty("type", out var type)
            ? schema.TryGetProperty("properties", out _) ? Object(schema, place) : JsonGrammar.Value
            : type.ValueKind == JsonValueKind.Array
                ? Grammar.AnyOf(List(type, $"{place}/type").Select(name => OfType(name, schema, place)))
                : OfType(type, schema, place);
    }

    Grammar OfType(JsonElement type, JsonElement schema, string place) => type.ValueKind == JsonValueKind.String ? type.GetString() switch
    {
        "object" => Object(schema, place),
        "array" => Array(schema, place),
        "string" => JsonGrammar.Text,
        "number" => JsonGrammar.Number,
        "integer" => JsonGrammar.Integer,
        "boolean" => JsonGrammar.Boolean,
        "null" => JsonGrammar.Null,
        var other => throw Refused($"the type '{other}' does not exist", $"{place}/type"),
    }
    : throw Refused("a type must be a text, or a list of texts", $"{place}/type");

    Grammar Object(JsonElement schema, string place)
    {
        if (schema.TryGetProperty("additionalProperties", out var others) && others.ValueKind != JsonValueKind.False)
            throw Refused("additionalProperties must be false", place);
        var hasMembers = schema.TryGetProperty("properties", out var properties);
        if (hasMembers && properties.ValueKind != JsonValueKind.Object)
            throw Refused("properties must be an object", place);
        JsonProperty[] members = hasMembers ? [.. properties.EnumerateObject()] : [];
        var required = schema.TryGetProperty("required", out var names)
            ? List(names, $"{place}/required").Select(name => name.ToString()).ToHashSet(StringComparer.Ordinal)
            : [];
        if (required.FirstOrDefault(name => !System.Array.Exists(members, member => member.Name == name)) is { } missing)
            throw Refused($"'{missing}' is required, but it is none of the properties", place);
        // After each member, what may follow with and without a member before it.
        var (first, next) = (Grammar.Empty, Grammar.Empty);
        foreach (var member in members.AsEnumerable().Reverse())
        {
            var written = JsonGrammar.Member(Exactly(member.Name), Read(member.Value, $"{place}/properties/{member.Name}", [])).Then(next);
            var following = Grammar.Of(",").Then(JsonGrammar.Spaces).Then(written);
            (first, next) = required.Contains(member.Name) ? (written, following) : (written.Or(first), following.Or(next));
        }
        return Grammar.Of("{").Then(JsonGrammar.Spaces).Then(first).Then("}");
    }

    Grammar Array(JsonElement schema, string place)
    {
        var item = schema.TryGetProperty("items", out var items) ? Read(items, $"{place}/items", []) : JsonGrammar.Value;
        return JsonGrammar.Array(item, Count("minItems") ?? 0, Count("maxItems"));

        int? Count(string name) => !schema.TryGetProperty(name, out var count) ? null
            : count.ValueKind == JsonValueKind.Number && count.TryGetInt32(out var number) && number >= 0 ? number
            : throw Refused($"{name} must be a number of at least 0", place);
    }

    Grammar Refer(JsonElement reference, string place, IReadOnlyList<string> open)
    {
        var name = reference.ToString();
        if (open.Contains(name))
            throw Refused($"'{name}' refers to itself", place);
        if (!rules.ContainsKey(name))
        {
            rules[name] = Grammar.None;                            // until it has been read; it may refer to itself
            rules[name] = Read(Find(name, place), name, [.. open, name]);
        }
        return new Rule(name, rules);
    }

    JsonElement Find(string reference, string place)
    {
        if (reference == "#")
            return root;
        string[] path = reference.Split('/');
        return path is ["#", "$defs" or "definitions", var name] && root.TryGetProperty(path[1], out var all)
            && all.ValueKind == JsonValueKind.Object && all.TryGetProperty(name, out var found)
            ? found
            : throw Refused($"'{reference}' is not in $defs", place);
    }

    IEnumerable<JsonElement> List(JsonElement list, string place) => list.ValueKind == JsonValueKind.Array
        ? list.EnumerateArray()
        : throw Refused("the value must be a list", place);

    InvalidDataException Refused(string problem, string place) =>
        new($"the schema of {subject} cannot be enforced: {problem} (at {place}); {Supported}");
}
