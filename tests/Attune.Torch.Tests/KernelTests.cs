using Attune.Testing;
using Attune.Torch.Interop;

namespace Attune.Torch.Tests;

/// <summary>Compares the kernels of native/ with operators, in float64 where possible: values and gradients.</summary>
public sealed class KernelTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();
    readonly RandomSource random = new(3);

    public void Dispose()
    {
        random.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    public void GeluAgreesWithItsFormula(DType dtype)
    {
        var x = (Normal(3, 50, 41) * 4).To(dtype);
        Compare("gelu", [x], inputs => inputs[0].Gelu(tanhApproximation: true), inputs => Formula(inputs[0]));

        static Tensor Formula(Tensor x) => x * 0.5 * (((x + x * x * x * 0.044715) * Math.Sqrt(2 / Math.PI)).Tanh() + 1);
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    public void GatedActivationAgreesWithItsFormula(DType dtype)
    {
        Tensor[] inputs = [(Normal(3, 5, 1100) * 3).To(dtype), Normal(3, 5, 1100).To(dtype)];
        Compare("gated SiLU", inputs, x => x[0].Gate(x[1], SigmoidActivation.Silu)!, x => x[0] * x[0].Sigmoid() * x[1]);
        Compare(
            "gated GELU", inputs, x => x[0].Gate(x[1], SigmoidActivation.GeluTanh)!, x => x[0].Gelu(tanhApproximation: true) * x[1]);
        var joined = Normal(4, 3, 14).To(dtype);
        Compare(
            "parts of a joined projection", [joined],
            x => x[0].Split(-1, 7, 7) is var parts ? parts[0].Gate(parts[1], SigmoidActivation.Silu)! : null!,
            x => x[0].Split(-1, 7, 7) is var parts ? parts[0].Silu() * parts[1] : null!);
    }

    [Theory]
    [InlineData(DType.Float32, DType.Float32)]
    [InlineData(DType.Float32, DType.BFloat16)]
    [InlineData(DType.BFloat16, DType.BFloat16)]
    public void NormsAgreeWithTheirFormulas(DType dtype, DType output)
    {
        Tensor[] inputs = [(Normal(3, 70, 130) * 2 + 0.5).To(dtype), Normal(130), Normal(130)];
        const double Absolute = 3e-5;                  // the gradients of weights are sums over 210 rows
        Compare("layer norm", inputs, x => x[0].Norm(x[1], x[2], 1e-5, 0, output)!, x => x[0].LayerNorm(x[1], x[2], 1e-5), Absolute);
        Compare("RMS norm", inputs[..2], x => x[0].Norm(x[1], null, 1e-5, 0, output)!, x => Rms(x[0]) * x[1], Absolute);
        Compare("RMS norm, offset", inputs[..2], x => x[0].Norm(x[1], null, 1e-5, 1, output)!, x => Rms(x[0]) * (x[1] + 1), Absolute);

        static Tensor Rms(Tensor x) => x * (x.Square().Mean(-1, keepDim: true) + 1e-5).Rsqrt();
    }

    [Theory]
    [InlineData(4, 4, 7, 7, false, DType.Float32)]
    [InlineData(4, 2, 5, 9, false, DType.Float32)]
    [InlineData(4, 4, 1, 12, true, DType.Float32)]
    [InlineData(2, 1, 33, 33, true, DType.Float32)]
    [InlineData(4, 2, 5, 9, true, DType.BFloat16)]
    [InlineData(4, 4, 1, 12, true, DType.BFloat16)]
    public void AttentionAgreesWithItsFormula(int heads, int keyHeads, int length, int columns, bool biasOfEachRow, DType dtype)
    {
        const int Batch = 3, Width = 8;
        var allowed = Tensor.Ones([length, columns], DType.Bool).Tril(columns - length).Reshape(1, 1, length, columns);
        if (biasOfEachRow)
            allowed &= Tensor.Uniform([Batch, 1, 1, columns], random) < 0.8;
        var bias = Tensor.Zeros(allowed.Shape.ToArray()).MaskedFill(!allowed, float.MinValue);
        // The memory order of projections: the heads of a token are adjacent.
        Tensor[] inputs = [.. new[] { (length, heads), (columns, keyHeads), (columns, keyHeads) }
            .Select(shape => Normal(Batch, shape.Item1, shape.Item2, Width).To(dtype).Transpose(1, 2))];
        Compare("attention", inputs, x => Tensor.Attend(x[0], x[1], x[2], bias, 0.3)!, x => Formula(x[0], x[1], x[2]));

        Tensor Formula(Tensor q, Tensor k, Tensor v)
        {
            var (keys, values) = (k.RepeatInterleave(heads / keyHeads, 1), v.RepeatInterleave(heads / keyHeads, 1));
            var weights = (q.MatMul(keys.Transpose(2, 3)) * 0.3 + bias.To(DType.Float64)).Softmax(-1);
            return weights.MatMul(values).Transpose(1, 2).Reshape(Batch, length, heads * Width);
        }
    }

    [Theory]
    [InlineData(1, 300, 7, DType.Float32)]
    [InlineData(4, 5, 33, DType.Float32)]
    [InlineData(7, 256, 64, DType.Float32)]
    [InlineData(13, 600, 95, DType.Float32)]
    [InlineData(127, 90, 40, DType.Float32)]
    [InlineData(13, 600, 31, DType.BFloat16)]
    [InlineData(16, 31, 32, DType.BFloat16)]
    [InlineData(7, 256, 64, DType.Float32, true)]
    [InlineData(13, 600, 295, DType.Float32, true)]
    [InlineData(16, 31, 33, DType.BFloat16, true)]
    public void Linear_FewRowsWithoutAGradient_IsTheProductOfEachRowAlone(
        int rows, int inputs, int outputs, DType dtype, bool isInputMajor = false)
    {
        using var noGrad = Autograd.NoGrad();
        var weight = (isInputMajor ? Normal(inputs, outputs).Transpose(0, 1) : Normal(outputs, inputs)).To(dtype);
        Tensor x = Normal(rows, inputs).To(dtype), bias = Normal(outputs).To(dtype);
        var expected = (x.To(DType.Float64).MatMul(weight.To(DType.Float64).Transpose(0, 1)) + bias.To(DType.Float64)).ToArray<double>();
        var found = x.Linear(weight, bias);
        var tolerance = dtype == DType.Float32 ? 1e-5 : 8e-3;
        Numeric.Close(expected, found.To(DType.Float64).ToArray<double>(), "product", tolerance, tolerance * Math.Sqrt(inputs));
        Tensor[] alone = [.. Enumerable.Range(0, rows).Select(row => x.Slice(0, row, row + 1).Linear(weight, bias))];
        Assert.Equal(Tensor.Concatenate(0, alone).To(DType.Float32).ToArray<float>(), found.To(DType.Float32).ToArray<float>());
        Assert.Equal(x.Linear(weight, bias * 0).To(DType.Float32).ToArray<float>(), x.Linear(weight).To(DType.Float32).ToArray<float>());
    }

    [Fact]
    public void Linear_FewRowsWithATrainedBiasOnly_HasItsGradient()
    {
        var bias = Normal(4);
        bias.RequiresGrad = true;
        Normal(3, 5).Linear(Normal(4, 5), bias).Sum().Backward();
        Assert.Equal([3f, 3f, 3f, 3f], bias.Grad!.ToArray<float>());
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void ALinearLayerInBFloat16AgreesWithItsFormula(bool hasBias, bool isInputMajor)
    {
        var weight = isInputMajor ? Normal(24, 16).Transpose(0, 1) : Normal(16, 24);
        Tensor[] inputs = [.. new[] { Normal(2, 5, 24), weight, Normal(16) }.Take(hasBias ? 3 : 2).Select(x => x.To(DType.BFloat16))];
        Compare("linear", inputs, Linear, Linear);

        static Tensor Linear(Tensor[] x) => x[0].Linear(x[1], x.ElementAtOrDefault(2));
    }

    /// <summary>Sizes of one tile, of incomplete tiles, and of several blocks of rows, columns and inputs.</summary>
    [Theory]
    [InlineData(1, 40, 33, true)]
    [InlineData(17, 31, 16, true)]
    [InlineData(1030, 33, 70, true)]
    [InlineData(1030, 33, 70, false)]
    [InlineData(40, 1100, 300, true)]
    [InlineData(40, 1100, 300, false)]
    public void Linear_BFloat16WithEachKernel_AgreesWithFloat64(int rows, int inputs, int outputs, bool usesAmx)
    {
        var before = Native.attune_set_amx(usesAmx ? 1 : 0);
        try
        {
            foreach (var weight in new[] { Normal(outputs, inputs), Normal(inputs, outputs).Transpose(0, 1) })
            {
                Tensor[] operands = [.. new[] { Normal(rows, inputs), weight, Normal(outputs) }.Select(x => x.To(DType.BFloat16))];
                Compare("product", operands, x => x[0].Linear(x[1], x[2]), x => x[0].MatMul(x[1].Transpose(0, 1)) + x[2]);
            }
        }
        finally
        {
            _ = Native.attune_set_amx(before);
        }
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    public void Linear_WithoutRows_HasAGradientOfZeros(DType dtype)
    {
        var weight = Normal(3, 2).To(dtype);
        weight.RequiresGrad = true;
        var product = Tensor.Zeros([0, 2], dtype).Linear(weight);
        product.Sum().Backward();
        Assert.Equal([0, 3], product.Shape.ToArray());
        Assert.Equal([0, 3], product.Detach().Slice(1, 0, 2).Linear(weight.Detach().Slice(0, 0, 3)).Shape.ToArray());
        Assert.Equal(new float[6], weight.Grad!.To(DType.Float32).ToArray<float>());
    }

    [Fact]
    public void Linear_BFloat16InSeveralThreads_HasTheBitsOfOne()
    {
        var weight = Normal(257, 300).To(DType.BFloat16);
        foreach (var x in new[] { Normal(9, 300), Normal(700, 300) }.Select(x => x.To(DType.BFloat16)))
        {
            var expected = Product(x);
            Parallel.For(0, 8, _ => Assert.Equal(expected, Product(x)));
            var threads = TorchLibrary.Threads;
            TorchLibrary.Threads = 1;
            Assert.Equal(expected, Product(x));
            TorchLibrary.Threads = threads;
        }

        float[] Product(Tensor x)
        {
            using var noGrad = Autograd.NoGrad();
            using var own = TensorScope.Open();
            return x.Linear(weight).To(DType.Float32).ToArray<float>();
        }
    }

    [Fact]
    public void Kernels_RunOnAllThreads() => Assert.Equal(TorchLibrary.Threads, Native.attune_kernel_threads());

    [Fact]
    public void ConversionToBFloat16_RoundsLikeLibtorch()
    {
        var x = Tensor.From([1.00390625f, 1.01171875f, 3.39e38f, float.PositiveInfinity, float.NaN, 1e-40f, -0f, 0.1f], 8);
        var narrow = x.To(DType.BFloat16);
        var (found, expected) = (Gelu(narrow), Gelu(narrow.To(DType.Float32)).To(DType.BFloat16));
        Assert.Equal(expected.To(DType.Float32).ToArray<float>(), found.To(DType.Float32).ToArray<float>());

        static Tensor Gelu(Tensor x) => x.Gelu(tanhApproximation: true);
    }

    [Theory]
    [InlineData(5, 7, DType.Float32)]
    [InlineData(3, 5000, DType.Float32)]
    [InlineData(3, 5000, DType.BFloat16)]
    public void LogprobsOfTokensAgreeWithTheirFormula(int rows, int vocabulary, DType dtype)
    {
        var logits = (Normal(rows, vocabulary) * 3).To(dtype);
        var targets = (Tensor.Uniform([rows], random) * vocabulary).To(DType.Int64);
        var expected = logits.To(DType.Float64).LogSoftmax(-1);
        Compare(
            "logprobs",
            [logits],
            x => Tensor.TokenLogprobs(x[0] * 1, targets)!.Value.Logprobs,
            x => x[0].LogSoftmax(-1).Gather(1, targets.Unsqueeze(1)).Squeeze(1));
        var (_, entropy, likeliest) = Tensor.TokenLogprobs(logits.Clone(), targets)!.Value;
        Close("entropy", -(expected.Exp() * expected).Sum(-1), entropy);
        Close("likeliest", expected.ArgMax(-1).EqualTo(targets).To(DType.Float64), likeliest);
    }

    [Fact]
    public void ADrawIsTheTokenAtWhichTheDistributionPassesTheNumber()
    {
        var logits = Tensor.From([0f, MathF.Log(2), float.NegativeInfinity, MathF.Log(5)], 1, 4);     // ⅛, ¼, 0, ⅝
        foreach (var (number, token) in new[] { (0, 0), (0.124, 0), (0.126, 1), (0.374, 1), (0.376, 3), (0.9999999999, 3) })
        {
            var (tokens, logprobs) = Tensor.Draw(logits, Tensor.From([number], 1))!.Value;
            Assert.Equal([token], tokens.ToArray<long>());
            Numeric.Close(Math.Log(new[] { 0.125, 0.25, 0, 0.625 }[token]), logprobs.Item(), "logprob", 1e-6);
        }
    }

    [Fact]
    public void ATableReadInPartHasAGradientOfTheWholeTable()
    {
        var table = Normal(6, 2);
        table.RequiresGrad = true;
        var tokens = Tensor.From([4L, 1, 4], 3);
        Tensor.Embedding(table, tokens).Sum().Backward();
        double[] expected = [0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 0, 0];
        Numeric.Close(expected, table.Grad!.To(DType.Float64).ToArray<double>(), "gradient", 0);
        var tied = Tensor.Embedding(table, tokens).Linear(table).Sum().GradientsOf([table])[0]!;
        Assert.Equal([6, 2], tied.Shape.ToArray());
    }

    [Fact]
    public void Embedding_TiedToTheOutput_HasTheGradientOfTheFormula()
    {
        var tokens = Tensor.From([4L, 1, 4, 0], 2, 2);
        Compare("tied", [Normal(6, 3)], Output, Output);

        Tensor Output(Tensor[] inputs) => Tensor.Embedding(inputs[0], tokens).Linear(inputs[0]);
    }

    [Fact]
    public void Embedding_SeveralBackwardPasses_AddsTheBitsOfDenseGradients()
    {
        var table = Normal(6, 3);
        table.RequiresGrad = true;
        long[][] tokens = [[4, 1, 4, 0], [1, 4, 4, 0], [0, 4, 1, 5], [5, 1, 4, 0]];
        var weights = Array.ConvertAll(tokens, _ => Normal(4, 3));
        var dense = tokens.Zip(weights, (part, by) => Loss(part, by).GradientsOf([table])[0]!).Aggregate((sum, part) => sum + part);
        foreach (var (part, by) in tokens.Zip(weights))
            Loss(part, by).Backward();
        Assert.Equal(dense.ToArray<float>(), table.Grad!.ToArray<float>());

        Tensor Loss(long[] tokens, Tensor weights) => (Tensor.Embedding(table, Tensor.From(tokens, 4)) * weights).Sum();
    }

    Tensor Normal(params long[] shape) => Tensor.Normal(shape, 0, 1, random);

    /// <summary>Compares values, and gradients of a weighted sum, with float64.</summary>
    void Compare(
        string name, Tensor[] inputs, Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> formula, double absoluteOfFloat32 = 2e-6)
    {
        Tensor[] narrow = [.. inputs.Select(Leaf)];
        Tensor[] wide = [.. inputs.Select(input => Leaf(input.To(DType.Float64)))];
        var (found, expected) = (kernel(narrow), formula(wide));
        var isNarrow = found.DType == DType.BFloat16 || inputs[0].DType == DType.BFloat16;
        var (absolute, relative) = isNarrow ? (0.01, 0.01) : (absoluteOfFloat32, 2e-5);
        Close(name, expected, found, absolute, relative);
        var weights = Tensor.Normal(expected.Shape.ToArray(), 0, 1, random).To(found.DType);
        (found.To(DType.Float64) * weights.To(DType.Float64)).Sum().Backward();
        (expected * weights.To(DType.Float64)).Sum().Backward();
        foreach (var (a, b) in wide.Zip(narrow))
            Close($"{name}, gradient", a.Grad!, b.Grad!, absolute, relative);

        static Tensor Leaf(Tensor input)
        {
            var leaf = input.Detach();
            leaf.RequiresGrad = true;
            return leaf;
        }
    }

    static void Close(string name, Tensor expected, Tensor found, double absolute = 2e-6, double relative = 2e-5) =>
        Numeric.Close(
            expected.Detach().ToArray<double>(), found.Detach().To(DType.Float64).ToArray<double>(), name, absolute, relative);
}
