using Attune.Torch;

namespace Attune.Generation.Tests;

static class Leaks
{
    /// <summary>A second time an action frees all tensors it makes, without finalizers; other tests' are collected before.</summary>
    public static void None(Action action)
    {
        action();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = (TorchLibrary.LiveTensors, TorchLibrary.LiveBytes);
        action();
        Assert.Equal(before, (TorchLibrary.LiveTensors, TorchLibrary.LiveBytes));
    }
}
