using Attune.Testing;

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

    [Fact]
    public void GeluAgreesWithItsFormula()
    {
        var x = Normal(3, 50, 40) * 4;
        Compare("gelu", [x], inputs => inputs[0].Gelu(tanhApproximation: true), inputs => Formula(inputs[0]));

        static Tensor Formula(Tensor x) => x * 0.5 * (((x + x * x * x * 0.044715) * Math.Sqrt(2 / Math.PI)).Tanh() + 1);
    }

    [Theory]
    [InlineData(4, 4, 7, 7, false)]
    [InlineData(4, 2, 5, 9, false)]
    [InlineData(4, 4, 1, 12, true)]
    [InlineData(2, 1, 33, 33, true)]
    public void AttentionAgreesWithItsFormula(int heads, int keyHeads, int length, int columns, bool biasOfEachRow)
    {
        const int Batch = 3, Width = 8;
        var allowed = Tensor.Ones([length, columns], DType.Bool).Tril(columns - length).Reshape(1, 1, length, columns);
        if (biasOfEachRow)
            allowed &= Tensor.Uniform([Batch, 1, 1, columns], random) < 0.8;
        var bias = Tensor.Zeros(allowed.Shape.ToArray()).MaskedFill(!allowed, float.MinValue);
        // The memory order of projections: the heads of a token are adjacent.
        Tensor[] inputs = [.. new[] { (length, heads), (columns, keyHeads), (columns, keyHeads) }
            .Select(shape => Normal(Batch, shape.Item1, shape.Item2, Width).Transpose(1, 2))];
        Compare("attention", inputs, x => Tensor.Attend(x[0], x[1], x[2], bias, 0.3)!, x => Formula(x[0], x[1], x[2]));

        Tensor Formula(Tensor q, Tensor k, Tensor v)
        {
            var (keys, values) = (k.RepeatInterleave(heads / keyHeads, 1), v.RepeatInterleave(heads / keyHeads, 1));
            var weights = (q.MatMul(keys.Transpose(2, 3)) * 0.3 + bias.To(DType.Float64)).Softmax(-1);
            return weights.MatMul(values).Transpose(1, 2).Reshape(Batch, length, heads * Width);
        }
    }

    [Theory]
    [InlineData(5, 7)]
    [InlineData(3, 5000)]
    public void LogprobsOfTokensAgreeWithTheirFormula(int rows, int vocabulary)
    {
        var logits = Normal(rows, vocabulary) * 3;
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
        Tensor.Embedding(table, tokens, sparseGradient: true).Sum().Backward();
        double[] expected = [0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 0, 0];
        Numeric.Close(expected, table.Grad!.To(DType.Float64).ToArray<double>(), "gradient", 0);
        var tied = Tensor.Embedding(table, tokens, sparseGradient: true).Linear(table).Sum().GradientsOf([table])[0]!;
        Assert.Equal([6, 2], tied.Shape.ToArray());
    }

    Tensor Normal(params long[] shape) => Tensor.Normal(shape, 0, 1, random);

    /// <summary>Compares values, and gradients of a weighted sum, with float64.</summary>
    void Compare(string name, Tensor[] inputs, Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> formula)
    {
        Tensor[] narrow = [.. inputs.Select(Leaf)];
        Tensor[] wide = [.. inputs.Select(input => Leaf(input.To(DType.Float64)))];
        var (found, expected) = (kernel(narrow), formula(wide));
        Close(name, expected, found);
        var weights = Tensor.Normal(expected.Shape.ToArray(), 0, 1, random);
        (found * weights).Sum().Backward();
        (expected * weights.To(DType.Float64)).Sum().Backward();
        foreach (var (a, b) in wide.Zip(narrow))
            Close($"{name}, gradient", a.Grad!, b.Grad!);

        static Tensor Leaf(Tensor input)
        {
            var leaf = input.Detach();
            leaf.RequiresGrad = true;
            return leaf;
        }
    }

    static void Close(string name, Tensor expected, Tensor found) =>
        Numeric.Close(expected.Detach().ToArray<double>(), found.Detach().To(DType.Float64).ToArray<double>(), name, 2e-6, 2e-5);
}
