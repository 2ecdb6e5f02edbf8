using System.Text.Encodings.Web;
using System.Text.Json;
using Attune.Testing;

namespace Attune.Text.Tests;

/// <summary>Collects differences from Hugging Face's tokenizers, so that a failing test shows all of them.</summary>
sealed class Differences
{
    static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly List<string> found = [];

    public void Add<T>(string what, string part, JsonElement expected, T actual)
    {
        expected = Golden.Expected(expected);
        var result = JsonSerializer.SerializeToElement(actual);
        if (!JsonElement.DeepEquals(expected, result))
            found.Add($"{what}: {part}\n  expected {Shown(expected)}\n  found    {Shown(result)}");
    }

    public void AssertNone() =>
        Assert.True(found.Count == 0, $"{found.Count} differences:\n{string.Join('\n', found.Take(10))}");

    static string Shown(JsonElement element) => JsonSerializer.Serialize(element, Readable);
}
