using Attune.Torch;

namespace Attune.Testing.Models;

/// <summary>A fixture of an assembly whose tests run in parallel: operators use one thread.</summary>
public sealed class SingleThread
{
    public SingleThread() => TorchLibrary.Threads = 1;
}
