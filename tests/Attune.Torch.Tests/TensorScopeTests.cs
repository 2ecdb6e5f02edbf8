namespace Attune.Torch.Tests;

public sealed class TensorScopeTests
{
    [Fact]
    public void AScopeFreesWhatWasMadeInItAndNotKept()
    {
        Tensor inner, kept;
        using (var scope = TensorScope.Open())
        {
            inner = Tensor.Zeros([2]);
            kept = scope.MoveToOuterScope(Tensor.Ones([2]));
        }
        Assert.Throws<ObjectDisposedException>(() => inner.DType);
        Assert.Equal([1f, 1], kept.ToArray<float>());
    }

    [Fact]
    public void WhatAnInnerScopeKeepsBelongsToTheOuterOne()
    {
        Tensor kept;
        using (TensorScope.Open())
        {
            using (var inner = TensorScope.Open())
                kept = inner.MoveToOuterScope(Tensor.Ones([2]));
            Assert.Equal([1f, 1], kept.ToArray<float>());
        }
        Assert.Throws<ObjectDisposedException>(() => kept.DType);
    }

    [Fact]
    public void APersistentTensorOutlivesEveryScope()
    {
        Tensor tensor;
        using (TensorScope.Open())
        using (TensorScope.Open())
            tensor = Tensor.Ones([2]).DetachFromScope();
        Assert.Equal([1f, 1], tensor.ToArray<float>());
    }

    [Fact]
    public void ScopesCloseInTheReverseOrderOfOpening()
    {
        using var outer = TensorScope.Open();
        using (TensorScope.Open())
            Assert.Throws<InvalidOperationException>(outer.Dispose);
    }

    [Fact]
    public void BytesAreCountedUntilTheirScopeCloses()
    {
        var before = BytesOfOthers();
        using (TensorScope.Open())
        {
            Tensor.Zeros([1 << 20]);
            Assert.InRange(TorchLibrary.LiveBytes - before, 4 << 20, (4 << 20) + 4096);
        }
        Assert.InRange(TorchLibrary.LiveBytes - before, -4096, 4096);
        Assert.True(TorchLibrary.PeakBytes >= before + (4 << 20));
    }

    [Fact]
    public void MemoryThatOneDnnTakesIsCountedAndFreed()
    {
        var before = BytesOfOthers();
        for (var i = 0; i < 3; i++)
        {
            using var scope = TensorScope.Open();
            Assert.Equal(0.8413447, Tensor.Ones([64, 64]).Gelu(tanhApproximation: false).Mean().Item(), 1e-6);    // Φ(1)
        }
        Assert.InRange(TorchLibrary.LiveBytes - before, -4096, 4096);
    }

    /// <summary>Live bytes, after the tensors of other tests are collected.</summary>
    static long BytesOfOthers()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return TorchLibrary.LiveBytes;
    }
}
