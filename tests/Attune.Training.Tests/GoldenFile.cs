using System.Text.Json;
using Attune.Testing;
using Attune.Torch;

namespace Attune.Training.Tests;

/// <summary>A JSON file of golden cases, and how its tensors are read and compared.</summary>
static class GoldenFile
{
    /// <summary>The names of the cases of losses/NAME.json; empty when the file is not there.</summary>
    public static IEnumerable<string> Cases(string name) => File.Exists(Golden.PathTo("losses", $"{name}.json"))
        ? Golden.Json("losses", $"{name}.json").GetProperty("cases").EnumerateArray().Select(item => item.GetProperty("name").GetString()!)
        : [];

    public static (JsonElement Case, JsonElement Inputs) Read(string name, string item)
    {
        var file = Golden.Json("losses", $"{name}.json");
        var found = file.GetProperty("cases").EnumerateArray().First(c => c.GetProperty("name").GetString() == item);
        Golden.Ran($"losses: {name}");
        return (found, found.TryGetProperty("inputs", out var own)
            ? own
            : file.TryGetProperty("inputs", out var shared) ? shared : default);
    }

    public static Tensor Tensor(JsonElement json)
    {
        var tensor = GoldenTensor.Read(json);
        return tensor.DType switch
        {
            "int64" => Torch.Tensor.From(tensor.Longs, tensor.Shape),
            "bool" => Torch.Tensor.From(tensor.Bools, tensor.Shape),
            "float64" => Torch.Tensor.From(tensor.Data, tensor.Shape),
            _ => Torch.Tensor.From(tensor.Floats, tensor.Shape),
        };
    }

    /// <summary>A tensor as a leaf that requires a gradient.</summary>
    public static Tensor Leaf(JsonElement json)
    {
        var tensor = Tensor(json);
        tensor.RequiresGrad = true;
        return tensor;
    }

    public static void Close(JsonElement expected, Tensor actual, string what) => Close(expected, actual, what, Tolerance.Loss);

    public static void Close(JsonElement expected, Tensor actual, string what, Tolerance tolerance)
    {
        var data = GoldenTensor.IsTensor(expected) ? GoldenTensor.Read(expected).Data : [GoldenTensor.Number(expected)];
        Golden.Close(data, actual.To(DType.Float64).ToArray<double>(), what, tolerance);
    }

    public static double Number(this JsonElement json, string key) => GoldenTensor.Number(json.GetProperty(key));

    public static double? Optional(this JsonElement json, string key) =>
        json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    public static bool Flag(this JsonElement json, string key) => json.GetProperty(key).GetBoolean();
}
