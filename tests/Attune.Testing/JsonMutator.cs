using System.Text.Json;

namespace Attune.Testing;

/// <summary>
/// Damages a JSON text: bytes are flipped, deleted and inserted; values, names and members are replaced by hostile ones, repeated or
/// removed. First a random container is chosen and then a position in it, so that long lists are not favoured.
/// </summary>
public sealed class JsonMutator
{
    static readonly string[] Hostile =
    [
        "null", "true", "-1", "0", "1", "2", "0.5", "1e400", "-1e400", "1e-400", "-0", "2147483647", "2147483648", "4294967296", "1000000",
        "9223372036854775807", "9223372036854775808", "18446744073709551616", "4611686018427387904", "NaN", "Infinity", "\"NaN\"", "\"-1\"",
        "\"\"", "\"\\ud800\"", "\"\\u0000\"", "\"a\"", "[]", "{}", "[[]]", "[null]", "[-1]", "[1,2,3]",
        "{\"\":{}}", "{\"\\udc00\":1}", "\"(a+)+$\"",
        Nested(10), Nested(70), Nested(5000), "\"" + new string('x', 5000) + "\"",
        "[" + string.Join(',', Enumerable.Repeat("0", 500)) + "]",
    ];

    readonly byte[] json;
    readonly List<List<(int Start, int End, int ValueStart)>> containers = [];   // their items; a member begins with its name

    public JsonMutator(string json)
    {
        this.json = System.Text.Encoding.UTF8.GetBytes(json);
        var reader = new Utf8JsonReader(this.json);
        reader.Read();
        Visit(ref reader);
        containers.RemoveAll(items => items.Count == 0);
    }

    static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    void Visit(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        var items = new List<(int, int, int)>();
        containers.Add(items);
        while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            var start = (int)reader.TokenStartIndex;
            if (reader.TokenType == JsonTokenType.PropertyName)
                reader.Read();
            var valueStart = (int)reader.TokenStartIndex;
            Visit(ref reader);
            items.Add((start, (int)reader.BytesConsumed, valueStart));
        }
    }

    /// <summary>The text with one to three mutations.</summary>
    public byte[] Mutate(Random random)
    {
        var (start, end, replacement) = random.Next(4) == 0 ? InBytes(random) : InStructure(random);
        var mutated = Splice(json, start, end, replacement);
        for (var more = random.Next(3); more > 0 && mutated.Length > 0; more--)
            mutated = Damaged(mutated, random);
        return mutated;
    }

    /// <summary>Bytes with one mutation: some flipped, deleted or inserted, or cut off at a position.</summary>
    public static byte[] Damaged(byte[] bytes, Random random)
    {
        var at = random.Next(bytes.Length);
        var until = Math.Min(bytes.Length, at + 1 + random.Next(8));
        return random.Next(8) switch
        {
            0 => bytes[..at],
            1 => Splice(bytes, at, until, []),
            2 => Splice(bytes, at, at, bytes[at..until]),
            3 => Splice(bytes, at, at, [0xC0, 0x80, 0xFF, 0xED, 0xA0, 0x80]),
            _ => Splice(bytes, at, at + 1, [(byte)(bytes[at] ^ (1 << random.Next(8)))]),
        };
    }

    (int Start, int End, byte[] Replacement) InBytes(Random random)
    {
        var at = random.Next(json.Length);
        return (at, at + 1, [(byte)random.Next(256)]);
    }

    (int Start, int End, byte[] Replacement) InStructure(Random random)
    {
        var (start, end, valueStart) = Item(random);
        var (otherStart, otherEnd, otherValue) = Item(random);
        return random.Next(8) switch
        {
            0 => (start, end, [.. json[start..end], (byte)',', .. json[start..end]]),
            1 when valueStart > start => (start, valueStart, [.. Text("\"\\ud800\":")]),
            2 when valueStart > start => (start, end, Text("\"x\":0")),
            3 => (valueStart, end, json[otherValue..otherEnd]),
            4 when valueStart > start => (start, end, json[otherStart..otherEnd]),
            _ => (valueStart, end, Text(Hostile[random.Next(Hostile.Length)])),
        };
    }

    (int Start, int End, int ValueStart) Item(Random random)
    {
        var container = containers[random.Next(containers.Count)];
        return container[random.Next(container.Count)];
    }

    static byte[] Text(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    static byte[] Splice(byte[] bytes, int start, int end, byte[] replacement) => [.. bytes[..start], .. replacement, .. bytes[end..]];
}
