using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Models.Adapters;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests.Adapters;

/// <summary>Compares adapters (enabled, merged and disabled) and their files with those of PEFT.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenLoraTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public static TheoryData<string> Names => [.. Golden.Names("lora")];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void LogitsAgreeWithTheAdapterOnMergedAndOff(string name)
    {
        var (model, expected) = (Base(name), Expected(name));
        var real = Input(expected).AttentionMask!.ToArray<bool>();
        using var lora = Peft.Load(PathTo(name), model);
        Compare("logits_with_adapter_first96", Logits(model, expected));
        var argmax = GoldenTensor.Read(expected.GetProperty("expected").GetProperty("argmax_with_adapter")).Longs;
        Golden.Equal(Real(argmax), Real(Logits(model, expected).ArgMax(-1).ToArray<long>()), "argmax");
        using (Lora.Disable())
            Compare("adapter_disabled_logits_first16", Logits(model, expected));
        lora.Merge();
        Compare("merged_logits_first96", Logits(model, expected));
        CompareMerged(model, expected.GetProperty("expected").GetProperty("merged_weights"), name);
        Golden.Ran("lora: logits with adapter, merged and off");

        void Compare(string key, Tensor logits)
        {
            var wanted = GoldenTensor.Read(expected.GetProperty("expected").GetProperty(key));
            bool[] where = [.. real.SelectMany(isReal => Enumerable.Repeat(isReal, (int)wanted.Shape[2]))];
            Golden.Close(wanted.Data, logits.Slice(2, 0, wanted.Shape[2]).ToArray<float>(), $"{name}: {key}", Tolerance.Logits, where);
        }

        long[] Real(long[] tokens) => [.. tokens.Where((_, at) => real[at])];
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void LossAndGradientsOfTheAdapterAgree(string name)
    {
        var (model, expected) = (Base(name), Expected(name));
        using var lora = Peft.Load(PathTo(name), model);
        lora.SetTrainable();
        var loss = GoldenModels.Loss(model, Input(expected), GoldenModels.Longs(expected.GetProperty("inputs").GetProperty("labels")));
        Golden.Close(expected.GetProperty("expected").GetProperty("loss").GetDouble(), loss.Item(), $"{name}: loss", Tolerance.ModelLoss);
        loss.Backward();
        var gradients = lora.NamedParameters().ToDictionary(
            parameter => parameter.Name, parameter => parameter.Value.Value.Grad!.ToArray<float>());
        var wanted = expected.GetProperty("expected").GetProperty("adapter_grads").EnumerateObject().ToList();
        Assert.Equal(wanted.Count, gradients.Count);
        foreach (var gradient in wanted)
            CompareSummary(
                gradient.Value,
                "first6",
                gradients[gradient.Name.Replace("magnitude_vector.weight", "magnitude_vector", StringComparison.Ordinal)],
                $"{name}: gradient of {gradient.Name}");
        using (Lora.Disable())
            Assert.DoesNotContain(
                model.NamedParameters(),
                parameter => parameter.Value.Trainable && !parameter.Name.EndsWith("bias", StringComparison.Ordinal));
        Golden.Ran("lora: loss and gradients");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void WhatWasReadIsWrittenAgain(string name)
    {
        using var folder = new TemporaryFolder();
        using var lora = Peft.Load(PathTo(name), Base(name));
        Peft.Save(folder.Path, lora);
        var before = JsonNode.Parse(File.ReadAllText(Path.Combine(PathTo(name), "adapter_config.json")));
        Assert.True(JsonNode.DeepEquals(before, JsonNode.Parse(File.ReadAllText(folder.File("adapter_config.json")))));
        using var read = Safetensors.Open(Path.Combine(PathTo(name), "adapter_model.safetensors"));
        using var written = Safetensors.Open(folder.File("adapter_model.safetensors"));
        Assert.Equal(read.Header.Entries.Keys.Order(), written.Header.Entries.Keys.Order());
        foreach (var key in read.Header.Entries.Keys)
            Golden.Equal(read.Read(key).RawBytes().ToArray(), written.Read(key).RawBytes().ToArray(), key);
        Golden.Ran("lora: written as read");
    }

    static void CompareMerged(LanguageModel model, JsonElement expected, string name)
    {
        var parameters = model.NamedParameters().ToDictionary(parameter => parameter.Name, parameter => parameter.Value);
        foreach (var weight in expected.EnumerateObject())
        {
            Assert.Equal(
                weight.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64()),
                parameters[weight.Name].Shape.ToArray());
            CompareSummary(weight.Value, "first8", parameters[weight.Name].Value.ToArray<float>(), $"{name}: merged {weight.Name}");
        }
    }

    /// <summary>The norm, the sum and the first elements of a tensor.</summary>
    static void CompareSummary(JsonElement expected, string firstKey, float[] actual, string what)
    {
        var first = expected.GetProperty(firstKey).EnumerateArray().Select(GoldenTensor.Number).ToArray();
        var norm = Math.Sqrt(actual.Sum(x => (double)x * x));
        Golden.Close(first, actual.AsSpan(0, first.Length), what, Tolerance.Loss);
        Golden.Close(GoldenTensor.Number(expected.GetProperty("norm")), norm, $"{what}: norm", Tolerance.Loss);
        Golden.Close(
            GoldenTensor.Number(expected.GetProperty("sum")), actual.Sum(x => (double)x), $"{what}: sum",
            new Tolerance(1e-5 + 1e-4 * norm, 0));                     // elements that cancel each other keep their errors
    }

    static Tensor Logits(LanguageModel model, JsonElement expected) => model.Logits(model.HiddenStates(Input(expected)));

    static ModelInput Input(JsonElement expected) => GoldenModels.Input(expected.GetProperty("inputs"));

    static LanguageModel Base(string name) => Pretrained.LoadLanguageModel(Peft.BaseFolder(PathTo(name)));

    static JsonElement Expected(string name) => Golden.Json("lora", name, "expected.json");

    static string PathTo(string name) => Golden.PathTo("lora", name);
}
