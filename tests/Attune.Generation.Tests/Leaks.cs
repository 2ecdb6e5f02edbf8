using Attune.Torch;

namespace Attune.Generation.Tests;

static class Leaks
{
    /// <summary>
/// Asserts that the second run of an action frees all of its tensors without finalizers. Tensors of other tests are collected first.
/// </summary>
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
