using System.Text.Json;

namespace Attune.Testing;

/// <summary>A tensor of the golden files: <c>{"dtype","shape","data"}</c>, row-major.</summary>
public sealed record GoldenTensor(string DType, long[] Shape, double[] Data)
{
    public static GoldenTensor Read(JsonElement element) => new(
        element.GetProperty("dtype").GetString()!,
        [.. element.GetProperty("shape").EnumerateArray().Select(n => n.GetInt64())],
        [.. element.GetProperty("data").EnumerateArray().Select(Number)]);

    public static bool IsTensor(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty("dtype", out _) && element.TryGetProperty("shape", out _);

    public float[] Floats => [.. Data.Select(x => (float)x)];

    public long[] Longs => [.. Data.Select(x => (long)x)];

    public bool[] Bools => [.. Data.Select(x => x != 0)];

    /// <summary>A JSON number, or one of the strings NaN, Infinity, -Infinity; booleans count as 0 and 1.</summary>
    public static double Number(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => element.GetDouble(),
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => element.GetString() switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            var other => throw new FormatException($"not a number: {other}"),
        },
    };
}
