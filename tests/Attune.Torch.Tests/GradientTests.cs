namespace Attune.Torch.Tests;

/// <summary>Checks the gradient of every differentiable operator, with one line for each.</summary>
public sealed class GradientTests
{
    static readonly Dictionary<string, Action> Checks = new(StringComparer.Ordinal)
    {
        ["a + b"] = () => Check(x => x[0] + x[1], [2, 3], [3]),
        ["a + 2"] = () => Check(x => x[0] + 2, [2, 3]),
        ["a - b"] = () => Check(x => x[0] - x[1], [2, 3], [2, 1]),
        ["1 - a"] = () => Check(x => 1 - x[0], [3]),
        ["a * b"] = () => Check(x => x[0] * x[1], [2, 3], [3]),
        ["a * 3"] = () => Check(x => x[0] * 3, [3]),
        ["a / b"] = () => Check(x => x[0] / (x[1].Square() + 1), [2, 3], [3]),
        ["-a"] = () => Check(x => -x[0], [3]),
        ["exp"] = () => Check(x => x[0].Exp(), [4]),
        ["log"] = () => Check(x => (x[0].Square() + 0.5).Log(), [4]),
        ["sqrt"] = () => Check(x => (x[0].Square() + 0.5).Sqrt(), [4]),
        ["rsqrt"] = () => Check(x => (x[0].Square() + 0.5).Rsqrt(), [4]),
        ["power"] = () => Check(x => (x[0].Square() + 0.5).Pow(1.5), [4]),
        ["abs"] = () => Check(x => x[0].Abs(), [4]),
        ["cos"] = () => Check(x => x[0].Cos(), [4]),
        ["sin"] = () => Check(x => x[0].Sin(), [4]),
        ["tanh"] = () => Check(x => x[0].Tanh(), [4]),
        ["sigmoid"] = () => Check(x => x[0].Sigmoid(), [4]),
        ["log sigmoid"] = () => Check(x => x[0].LogSigmoid(), [4]),
        ["relu"] = () => Check(x => x[0].Relu(), [6]),
        ["gelu"] = () => Check(x => x[0].Gelu(tanhApproximation: false), [4]),
        ["gelu tanh"] = () => Check(x => x[0].Gelu(tanhApproximation: true), [4]),
        ["silu"] = () => Check(x => x[0].Silu(), [4]),
        ["clamp"] = () => Check(x => x[0].Clamp(-0.3, 0.4), [8]),
        ["clamp between tensors"] = () => Check(x => x[0].Clamp(x[1] - 0.4, x[1] + 0.4), [8], [8]),
        ["maximum"] = () => Check(x => Tensor.Maximum(x[0], x[1]), [6], [6]),
        ["minimum"] = () => Check(x => Tensor.Minimum(x[0], x[1]), [6], [6]),
        ["where"] = () => Check(x => Tensor.Where(x[0].Detach() > 0, x[0], x[1]), [6], [6]),
        ["masked fill"] = () => Check(x => x[0].MaskedFill(x[0].Detach() > 0, 7), [6]),
        ["nan to number"] = () => Check(x => x[0].NanToNum(), [4]),
        ["sum"] = () => Check(x => x[0].Sum(), [2, 3]),
        ["sum along"] = () => Check(x => x[0].Sum(1), [2, 3]),
        ["mean"] = () => Check(x => x[0].Mean(), [2, 3]),
        ["mean along"] = () => Check(x => x[0].Mean(-1, keepDim: true), [2, 3]),
        ["max along"] = () => Check(x => x[0].Max(1), [2, 3]),
        ["min along"] = () => Check(x => x[0].Min(1), [2, 3]),
        ["cumulative sum"] = () => Check(x => x[0].CumSum(1), [2, 3]),
        ["softmax"] = () => Check(x => x[0].Softmax(-1), [2, 5]),
        ["log softmax"] = () => Check(x => x[0].LogSoftmax(-1), [2, 5]),
        ["log sum exp"] = () => Check(x => x[0].LogSumExp(-1), [2, 5]),
        ["norm"] = () => Check(x => x[0].Norm(), [2, 3]),
        ["top k"] = () => Check(x => x[0].TopK(2).Values, [2, 5]),
        ["sort"] = () => Check(x => x[0].Sort(1).Values, [2, 5]),
        ["matrix product"] = () => Check(x => x[0].MatMul(x[1]), [2, 3], [3, 4]),
        ["matrix product, batched"] = () => Check(x => x[0].MatMul(x[1]), [2, 2, 3], [2, 3, 2]),
        ["batched product"] = () => Check(x => x[0].Bmm(x[1]), [2, 2, 3], [2, 3, 2]),
        ["add batched product"] = () => Check(x => x[0].Baddbmm(x[1], x[2], 0.5), [2, 2, 2], [2, 2, 3], [2, 3, 2]),
        ["linear"] = () => Check(x => x[0].Linear(x[1], x[2]), [2, 3], [4, 3], [4]),
        ["linear without bias"] = () => Check(x => x[0].Linear(x[1]), [2, 2, 3], [4, 3]),
        ["layer norm"] = () => Check(x => x[0].LayerNorm(x[1], x[2], 1e-5), [2, 5], [5], [5]),
        ["embedding"] = () => Check(x => Tensor.Embedding(x[0], Tensor.From([1L, 3, 1, 0], 2, 2)), [4, 3]),
        ["reshape"] = () => Check(x => x[0].Reshape(3, 2), [2, 3]),
        ["transpose"] = () => Check(x => x[0].Transpose(0, 1), [2, 3]),
        ["permute"] = () => Check(x => x[0].Permute(2, 0, 1), [2, 3, 2]),
        ["unsqueeze"] = () => Check(x => x[0].Unsqueeze(1), [3]),
        ["squeeze"] = () => Check(x => x[0].Squeeze(1), [3, 1]),
        ["expand"] = () => Check(x => x[0].Expand(4, -1, 3), [2, 1]),
        ["slice"] = () => Check(x => x[0].Slice(1, 1, -1), [2, 4]),
        ["select"] = () => Check(x => x[0].Select(1, 2), [2, 4]),
        ["split"] = () => Check(x => x[0].Split(1, 1, 3)[1], [2, 4]),
        ["concatenate"] = () => Check(x => Tensor.Concatenate(1, x[0], x[1]), [2, 2], [2, 3]),
        ["stack"] = () => Check(x => Tensor.Stack(0, x[0], x[1]), [3], [3]),
        ["gather"] = () => Check(x => x[0].Gather(1, Tensor.From([0L, 2, 2, 1], 2, 2)), [2, 3]),
        ["index select"] = () => Check(x => x[0].IndexSelect(0, Tensor.From([2L, 0, 2], 3)), [3, 2]),
        ["at"] = () => Check(x => x[0].Index(Tensor.From([1L, 0, 1], 3), Tensor.From([2L, 2, 0], 3)), [2, 3]),
        ["put"] = () => Check(x => x[0].IndexPut(x[1], Tensor.From([1L, 0], 2), Tensor.From([2L, 0], 2)), [2, 3], [2]),
        ["triangle"] = () => Check(x => x[0].Tril(), [3, 3]),
        ["repeat interleave"] = () => Check(x => x[0].RepeatInterleave(3, 0), [2, 2]),
        ["contiguous"] = () => Check(x => x[0].Transpose(0, 1).Contiguous(), [2, 3]),
        ["clone"] = () => Check(x => x[0].Clone(), [3]),
        ["a function's own gradient"] = () => Check(x => OwnGradient(x[0].Exp()).Exp(), [3]),
        ["to float64 and back"] = () => Check(x => x[0].To(DType.Float64), [3]),
    };

    public static TheoryData<string> Names => [.. Checks.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void GradientAgreesWithDifferences(string name) => Checks[name]();

    [Fact]
    public void Backward_OwnGradientThrows_ThrowsTheSameException()
    {
        using var scope = TensorScope.Open();
        var x = Tensor.Ones([2]);
        x.RequiresGrad = true;
        var y = x.Detach().Square().WithBackward(x, (_, _) => throw new OperationCanceledException("stop"));
        Assert.Equal("stop", Assert.Throws<OperationCanceledException>(() => y.Sum().Backward()).Message);
    }

    /// <summary>Beyond 60 nested backward passes libtorch computes on other threads, as it always does on a GPU.</summary>
    [Fact]
    public void Backward_OwnGradientThrowsOnAThreadOfLibtorch_ThrowsTheSameException()
    {
        using var scope = TensorScope.Open();
        var threads = new HashSet<int>();
        Assert.Equal("stop", Assert.Throws<OperationCanceledException>(() => Nest(depth: 64)).Message);
        Assert.True(threads.Count > 1, "libtorch uses threads of its own");

        void Nest(int depth)
        {
            threads.Add(Environment.CurrentManagedThreadId);
            if (depth == 0)
                throw new OperationCanceledException("stop");
            using var grad = Autograd.EnableGrad();
            var x = Tensor.Ones([1]);
            x.RequiresGrad = true;
            x.Detach().Square().WithBackward(x, (_, _) =>
            {
                Nest(depth - 1);
                return null;
            }).Sum().Backward();
        }
    }

    [Fact]
    public void WithBackward_Refused_DisposesWhatItNeeds()
    {
        using var needed = new CancellationTokenSource();
        using var scope = TensorScope.Open();
        var freed = Tensor.Ones([2]);
        freed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => freed.WithBackward(Tensor.Ones([2]), (_, _) => null, needed));
        Assert.Throws<ObjectDisposedException>(() => needed.Token);
    }

    [Fact]
    public void WithBackward_GraphIsFreed_DisposesWhatItNeeds()
    {
        using var needed = new CancellationTokenSource();
        using (TensorScope.Open())
            Assert.False(OwnGradient(Tensor.Ones([2]), needed).Device != Device.Cpu);
        Assert.Throws<ObjectDisposedException>(() => needed.Token);
    }

    /// <summary>x².</summary>
    static Tensor OwnGradient(Tensor x, IDisposable? needed = null) =>
        x.Detach().Square().WithBackward(x, (input, gradient) => input * gradient * 2, needed);

    static void Check(Func<Tensor[], Tensor> function, params long[][] shapes)
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(3);
        GradientCheck.Run("gradient", function, [.. shapes.Select(shape => Tensor.Normal(shape, 0, 1, random, DType.Float64))]);
    }
}
