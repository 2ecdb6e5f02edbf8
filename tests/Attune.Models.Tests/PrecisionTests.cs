using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>Weights and matrix products in types narrower than float32.</summary>
public sealed class PrecisionTests : IDisposable
{
    const double BFloat16Epsilon = 1 / 128.0, Float16Epsilon = 1 / 1024.0;

    readonly TensorScope scope = TensorScope.Open();

    public void Dispose() => scope.Dispose();

    public static TheoryData<string> BFloat16Checkpoints => [.. GoldenModels.WithClass("").Where(name => ComputedInBFloat16(name).Any())];

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(BFloat16Checkpoints))]
    public void Logits_ComputedInBFloat16_AgreeWithinItsRounding(string name)
    {
        var model = Pretrained.LoadLanguageModel(Golden.PathTo("models", name), dtype: null);
        Assert.Equal(DType.BFloat16, model.Backbone.TokenEmbedding.Value.DType);
        foreach (var item in ComputedInBFloat16(name))
        {
            var expected = GoldenTensor.Read(item.GetProperty("outputs").GetProperty("logits_bfloat16_compute_first64"));
            var input = GoldenModels.Input(item.GetProperty("inputs"));
            var logits = model.Logits(model.HiddenStates(input)).Slice(2, 0, expected.Shape[2]);
            bool[] where = [.. input.AttentionMask!.ToArray<bool>().SelectMany(real => Enumerable.Repeat(real, (int)expected.Shape[2]))];
            var tolerance = Tolerance.OfRounding(
                BFloat16Epsilon, model.Backbone.TokenEmbedding.Value.Size(1), expected.Data.Max(Math.Abs));
            Golden.Close(expected.Data, logits.ToArray<float>(), name, tolerance, where);
            Golden.Ran("models: logits in bfloat16");
        }
    }

    [Theory]
    [InlineData(DType.BFloat16, BFloat16Epsilon)]
    [InlineData(DType.Float16, Float16Epsilon)]
    public void Logits_OfNarrowWeights_AreWithinTheirRounding(DType dtype, double epsilon)
    {
        var folder = Golden.PathTo("models", "llama");
        var item = GoldenModels.Expected("llama").GetProperty("forward").GetProperty("right_padded");
        var input = GoldenModels.Input(item.GetProperty("inputs"));
        var model = Pretrained.LoadLanguageModel(folder, dtype: dtype == DType.Float16 ? DType.Float32 : dtype);
        if (dtype == DType.Float16)
            foreach (var parameter in model.Parameters)      // CPUs have no float16 matrix products, so only the weights are rounded
                parameter.Value.CopyInPlace(parameter.Value.To(DType.Float16));
        Near(
            GoldenTensor.Read(item.GetProperty("outputs").GetProperty("logits")).Data,
            model.Logits(model.HiddenStates(input)),
            input.AttentionMask!,
            Tolerance.OfRounding(epsilon, model.Backbone.TokenEmbedding.Value.Size(1), largest: 1).Absolute);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void MixedPrecisionComputesInBFloat16AndKeepsWeightsAndGradientsInFloat32(string family)
    {
        var model = TinyModel.Of(family);
        var input = new ModelInput(Tensor.From([3L, 9, 4, 7, 5, 6], 2, 3), Tensor.Ones([2, 3], DType.Bool));
        var exact = model.Logits(model.HiddenStates(input)).ToArray<float>();
        model.ComputeIn(DType.BFloat16);
        model.SetTrainable(true);
        var logits = model.Logits(model.HiddenStates(input));
        Assert.NotEqual(exact, logits.ToArray<float>());
        // Processors without bfloat16 instructions round more often.
        Near(Array.ConvertAll(exact, x => (double)x), logits.Detach(), input.AttentionMask!, 0.03);
        logits.Square().Mean().Backward();
        Assert.All(
            model.Parameters,
            parameter => Assert.Equal((DType.Float32, DType.Float32), (parameter.Value.DType, parameter.Value.Grad!.DType)));
        model.ComputeIn(DType.Float32);
        Assert.Equal(exact, model.Logits(model.HiddenStates(input)).ToArray<float>());
    }

    [Fact]
    public void TheCacheOfMixedPrecisionIsNarrow()
    {
        var model = TinyModel.Gpt2();
        model.ComputeIn(DType.BFloat16);
        var input = new ModelInput(Tensor.From([3L, 9, 4], 1, 3));
        using var cache = model.Backbone.NewCache(1, 3);
        model.HiddenStates(input, cache);
        Assert.Equal(DType.BFloat16, cache.Append(0, Tensor.Zeros([1, 4, 1, 8]), Tensor.Zeros([1, 4, 1, 8])).Keys.DType);
    }

    [Theory]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float16)]
    [InlineData(DType.Float32)]
    public void AStoredCheckpointIsLoadedInItsOwnSize(DType dtype)
    {
        using var folder = new TemporaryFolder();
        var model = TinyModel.Llama();
        foreach (var parameter in model.Parameters)
            parameter.StoredDType = dtype;
        Pretrained.Save(folder.Path, model);
        var bytes = new FileInfo(folder.File("model.safetensors")).Length;
        var before = TorchLibrary.LiveBytes;
        TorchLibrary.ResetPeakBytes();
        var read = Pretrained.LoadLanguageModel(folder.Path, dtype: null);
        Assert.True(TorchLibrary.PeakBytes - before <= 1.2 * bytes, $"{TorchLibrary.PeakBytes - before} bytes for a checkpoint of {bytes}");
        Assert.All(read.Parameters, parameter => Assert.Equal(dtype, parameter.Value.DType));
    }

    static IEnumerable<System.Text.Json.JsonElement> ComputedInBFloat16(string name) =>
        GoldenModels.Expected(name).TryGetProperty("forward", out var forward)
            ? forward.EnumerateObject().Select(item => item.Value).Where(
                item => item.TryGetProperty("outputs", out var outputs) && outputs.TryGetProperty("logits_bfloat16_compute_first64", out _))
            : [];

    /// <summary>Asserts that real rows differ by less than a fraction of the largest number.</summary>
    static void Near(double[] expected, Tensor actual, Tensor mask, double tolerance)
    {
        var (found, real) = (actual.ToArray<float>(), mask.ToArray<bool>());
        var channels = found.Length / real.Length;
        var scale = expected.Max(Math.Abs);
        for (var i = 0; i < found.Length; i++)
            Assert.True(
                !real[i / channels] || Math.Abs(found[i] - expected[i]) <= tolerance * scale,
                $"{found[i]} at {i}, expected {expected[i]} within {tolerance * scale}");
    }
}
