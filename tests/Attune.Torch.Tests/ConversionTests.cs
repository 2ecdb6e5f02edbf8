namespace Attune.Torch.Tests;

public sealed class ConversionTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();
    readonly RandomSource random = new(4);
    readonly Tensor weight;

    public ConversionTests() => weight = Tensor.Normal([6, 4], 0, 1, random);

    public void Dispose()
    {
        random.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void Converted_UnchangedTensor_IsMadeOnce()
    {
        var first = weight.Converted(DType.BFloat16);
        using (TensorScope.Open())
            Assert.Same(first, weight.Converted(DType.BFloat16));
        Assert.Same(weight, weight.Converted(DType.Float32));
    }

    [Fact]
    public void Converted_TensorChangedByOptimizerOrView_HasTheNewElements()
    {
        Action[] changes =
        [
            () => weight.AdamInPlace(
                weight.ZerosLike() + 1, weight.ZerosLike(), weight.ZerosLike(), new(1, 1, 0, 0.1f, 0.9f, 0.1f, 0.5f, 1, 1e-8f)),
            () => weight.Reshape(-1).Slice(0, 3, 9).CopyInPlace(Tensor.Ones([6])),
            () => weight.Detach().MultiplyInPlace(2),
        ];
        foreach (var change in changes)
        {
            var before = weight.Converted(DType.BFloat16).To(DType.Float32).ToArray<float>();
            change();
            var after = weight.Converted(DType.BFloat16).To(DType.Float32).ToArray<float>();
            Assert.NotEqual(before, after);
            Assert.Equal(weight.To(DType.BFloat16).To(DType.Float32).ToArray<float>(), after);
        }
    }

    [Fact]
    public void Converted_MadeWithoutGrad_LeadsGradientsOfSeveralPassesToTheTensor()
    {
        weight.RequiresGrad = true;
        using (Autograd.NoGrad())
            weight.Converted(DType.BFloat16);
        for (var pass = 1; pass <= 2; pass++)
        {
            weight.Converted(DType.BFloat16).Sum().Backward();
            Assert.Equal(Enumerable.Repeat((float)pass, 24), weight.Grad!.ToArray<float>());
        }
        weight.RequiresGrad = false;
        Assert.False(weight.Converted(DType.BFloat16).RequiresGrad);
    }

    [Fact]
    public void Converted_SeveralThreads_ShareItAndGetTheirOwnGradients()
    {
        weight.RequiresGrad = true;
        var results = new float[8][];
        Parallel.For(0, results.Length, i =>
        {
            using var own = TensorScope.Open();
            var loss = weight.Converted(DType.BFloat16).To(DType.Float32).Sum() * i;
            results[i] = loss.GradientsOf([weight])[0]!.ToArray<float>();
        });
        for (var i = 0; i < results.Length; i++)
            Assert.Equal(Enumerable.Repeat((float)i, 24), results[i]);
    }

    [Fact]
    public void Dispose_ConvertedTensor_FreesTheConversion()
    {
        var before = TorchLibrary.LiveTensors;
        var tensor = Tensor.Ones([3]);
        tensor.Converted(DType.BFloat16);
        tensor.Dispose();
        Assert.Equal(before, TorchLibrary.LiveTensors);
    }
}
