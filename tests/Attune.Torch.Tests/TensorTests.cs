namespace Attune.Torch.Tests;

public sealed class TensorTests
{
    [Fact]
    public void ArraysComeBackAsTheyWentIn()
    {
        Assert.Equal([1f, 2, 3, 4, 5, 6], Tensor.From([1f, 2, 3, 4, 5, 6], 2, 3).ToArray<float>());
        Assert.Equal([long.MinValue, -1, long.MaxValue], Tensor.From([long.MinValue, -1, long.MaxValue], 3).ToArray<long>());
        Assert.Equal([true, false], Tensor.From([true, false], 2).ToArray<bool>());
    }

    [Fact]
    public void AViewIsReadInRowMajorOrder() =>
        Assert.Equal([1f, 4, 2, 5, 3, 6], Tensor.From([1f, 2, 3, 4, 5, 6], 2, 3).Transpose(0, 1).ToArray<float>());

    [Fact]
    public void MatrixProductIsTheOneByHand()
    {
        var product = Tensor.From([1f, 2, 3, 4], 2, 2).MatMul(Tensor.From([5f, 6, 7, 8], 2, 2));
        Assert.Equal([19f, 22, 43, 50], product.ToArray<float>());
    }

    [Fact]
    public void LinearMultipliesByTheTransposedWeight()
    {
        var y = Tensor.From([1f, 2], 1, 2).Linear(Tensor.From([1f, 0, 0, 1, 1, 1], 3, 2), Tensor.From([10f, 20, 30], 3));
        Assert.Equal([11f, 22, 33], y.ToArray<float>());
    }

    [Fact]
    public void ScalarsOnEitherSideOfAnOperatorMeanTheSame()
    {
        var x = Tensor.From([1f, 2], 2);
        Assert.Equal([3f, 4], (x + 2).ToArray<float>());
        Assert.Equal([-1f, 0], (x - 2).ToArray<float>());
        Assert.Equal([1f, 0], (2 - x).ToArray<float>());
        Assert.Equal([2f, 4], (2 * x).ToArray<float>());
        Assert.Equal([0.5f, 1], (x / 2).ToArray<float>());
    }

    [Fact]
    public void AWholeScalarLeavesIntegersIntegers()
    {
        var x = Tensor.From([1L, 2], 2);
        Assert.Equal([0L, 0], ((x - 1) * 2).Clamp(null, 0).ToArray<long>());
        Assert.Equal(DType.Float32, (x + 0.5).DType);
    }

    [Fact]
    public void InPlaceOperatorsChangeTheirTensorAndReturnIt()
    {
        var x = Tensor.From([1f, 2], 2);
        Assert.Same(x, x.MultiplyInPlace(3).AddInPlace(Tensor.From([1f, 1], 2), 0.5));
        Assert.Equal([3.5f, 6.5f], x.ToArray<float>());
    }

    [Theory]
    [InlineData(DType.Float16, 1.0009765625)]
    [InlineData(DType.BFloat16, 1.0)]
    [InlineData(DType.Float64, 1.0009765625)]
    [InlineData(DType.Int64, 1)]
    [InlineData(DType.Bool, 1)]
    public void ConversionRoundsAsTheTypeDoes(DType dtype, double expected)
    {
        var converted = Tensor.From([1.0009765625f], 1).To(dtype);
        Assert.Equal(dtype, converted.DType);
        Assert.Equal(expected, converted.Item());
    }

    [Fact]
    public void ArgumentsThatAreLeftOutTakeTheDefaultOfTheSchema() =>
        Assert.Equal([5f, 4], Tensor.From([1f, 5, 4, 2], 4).TopK(2).Values.ToArray<float>());

    [Fact]
    public void AnErrorOfLibtorchNamesTheOperatorAndTheShapes()
    {
        var error = Assert.Throws<TorchException>(() => Tensor.Zeros([2, 3]).MatMul(Tensor.Zeros([4, 5], DType.Float64)));
        Assert.StartsWith("matmul(float32[2, 3], float64[4, 5]): ", error.Message);
        Assert.DoesNotContain("\n", error.Message);
    }

    [Fact]
    public void AFreedTensorIsRefused()
    {
        var tensor = Tensor.Zeros([2]);
        tensor.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor + 1);
    }

    [Fact]
    public void BackwardAddsUpUntilTheGradientIsCleared()
    {
        var x = Tensor.From([3f], 1);
        x.RequiresGrad = true;
        Assert.Null(x.Grad);
        x.Square().Sum().Backward();
        x.Square().Sum().Backward();
        Assert.Equal([12f], x.Grad!.ToArray<float>());
        x.Grad = null;
        Assert.Null(x.Grad);
    }

    [Fact]
    public void NothingIsRecordedWithoutGrad()
    {
        var x = Tensor.From([3f], 1);
        x.RequiresGrad = true;
        using (Autograd.NoGrad())
        {
            Assert.False(x.Square().RequiresGrad);
            using (Autograd.EnableGrad())
                Assert.True(x.Square().RequiresGrad);
        }
        Assert.True(x.Square().RequiresGrad);
    }

    [Fact]
    public void EveryOperatorOfTheTableExists() => Assert.Empty(TorchLibrary.MissingOperators());

    [Fact]
    public void Threads_OfANewThread_AreTheProcessors()
    {
        var found = 0;
        var thread = new Thread(() => found = TorchLibrary.Threads);
        thread.Start();
        thread.Join();
        Assert.Equal(Environment.ProcessorCount, found);
    }

    [Fact]
    public void ThreadsCanBeSet()
    {
        var before = TorchLibrary.Threads;
        TorchLibrary.Threads = 1;
        Assert.Equal(1, TorchLibrary.Threads);
        TorchLibrary.Threads = before;
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:x")]
    [InlineData("cuda:99")]
    public void ADeviceThatIsNotThereIsRefusedWithWhatWasExpected(string text)
    {
        var error = Assert.Throws<FormatException>(() => Device.Parse(text));
        Assert.Contains($"'{text}'", error.Message);
    }

    [Fact]
    public void DevicesAreWrittenAsTheyAreRead() => Assert.Equal("cpu", Device.Parse("cpu").ToString());
}
