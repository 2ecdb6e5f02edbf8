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
    [InlineData("bert")]
    [InlineData("t5")]
    public void MixedPrecision_EveryKindOfModel_HasLogitsAndGradientsOfFloat32WithinRounding(string family)
    {
        var model = TinyModel.Of(family);
        model.SetTrainable(true);
        var tokens = new ModelInput(Tensor.From([3L, 9, 4, 7, 5, 6], 2, 3), Tensor.Ones([2, 3], DType.Bool));
        var input = family == "t5" ? tokens with { Source = tokens } : tokens;
        var exact = Compute();
        model.ComputeIn(DType.BFloat16);
        var narrow = Compute();
        Assert.NotEqual(exact.Logits, narrow.Logits);
        Assert.True(Distance(exact.Logits, narrow.Logits) < 0.02, $"logits: {Distance(exact.Logits, narrow.Logits)}");
        foreach (var (name, gradient) in exact.Gradients)
            Assert.True(
                Distance(gradient, narrow.Gradients[name]) < 0.06 || Norm(gradient) < 1e-6,
                $"gradient of {name}: {Distance(gradient, narrow.Gradients[name])}");
        Assert.All(
            model.Parameters,
            parameter => Assert.Equal((DType.Float32, DType.Float32), (parameter.Value.DType, parameter.Value.Grad!.DType)));
        model.ComputeIn(DType.Float32);
        Assert.Equal(exact.Logits, Compute().Logits);

        (float[] Logits, Dictionary<string, float[]> Gradients) Compute()
        {
            foreach (var parameter in model.Parameters)
                parameter.Value.Grad = null;
            var logits = model.Logits(model.HiddenStates(input));
            logits.LogSoftmax(-1).Select(-1, 5).Mean().Backward();
            var gradients = model.NamedParameters().ToDictionary(
                own => own.Name, own => own.Value.Value.Grad!.ToArray<float>(), StringComparer.Ordinal);
            return (logits.ToArray<float>(), gradients);
        }

        static double Norm(float[] x) => Math.Sqrt(x.Sum(number => (double)number * number));

        static double Distance(float[] expected, float[] found) =>
            Norm([.. expected.Zip(found, (a, b) => a - b)]) / Math.Max(Norm(expected), 1e-12);
    }

    [Fact]
    public void Frozen_MixedPrecision_ComputesTheSameBitsWithNarrowWeights()
    {
        var model = TinyModel.Gpt2();
        model.ComputeIn(DType.BFloat16);
        model.SetTrainable(true);
        var input = new ModelInput(Tensor.From([3L, 9, 4], 1, 3));
        var copy = ModelCopy.Frozen(model);
        Assert.Equal(
            model.Logits(model.HiddenStates(input)).ToArray<float>(), copy.Logits(copy.HiddenStates(input)).ToArray<float>());
        Assert.All(copy.NamedParameters(), parameter => Assert.Equal(
            parameter.Name.Contains(".h.", StringComparison.Ordinal) && !parameter.Name.Contains("ln_", StringComparison.Ordinal)
                ? DType.BFloat16
                : DType.Float32,
            parameter.Value.Value.DType));
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
