using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Attune.Jinja;

/// <summary>
/// Converts JSON to values of templates: objects become dictionaries, numbers with a point or an exponent become floats.
/// </summary>
static class JsonValues
{
    public static object? FromJson(Rendering run, JsonElement json)
    {
        Rendering.GuardStack();
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new DictValue(run);
                foreach (var member in json.EnumerateObject())
                    dict.Set(member.Name, FromJson(run, member.Value));
                return dict;
            case JsonValueKind.Array:
                return json.EnumerateArray().Select(item => FromJson(run, item)).ToList();
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                return Number(json.GetRawText());
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            default:
                return null;
        }
    }

    static object Number(string text) => text.AsSpan().ContainsAny(".eE")
        ? double.Parse(text, CultureInfo.InvariantCulture)
        : BigInteger.Parse(text, CultureInfo.InvariantCulture);
}
