namespace Attune.Torch.Distributed;

/// <summary>The ranks of the current training job.</summary>
public static class Ranks
{
    static readonly AsyncLocal<IRanks?> current = new();

    /// <summary>The ranks of the current flow of execution; a single one by default.</summary>
    public static IRanks Current => current.Value ?? SingleRank.Instance;

    /// <summary>Whether this process owns the run folder and talks to the user.</summary>
    public static bool IsFirst => Current.Rank == 0;

    /// <summary>Makes ranks the current ones until the result is disposed.</summary>
    public static IDisposable Use(IRanks ranks)
    {
        current.Value = ranks;
        return new Reset();
    }

    sealed class Reset : IDisposable
    {
        public void Dispose() => current.Value = null;
    }

    sealed class SingleRank : IRanks
    {
        public static SingleRank Instance { get; } = new();

        public int Rank => 0;

        public int Count => 1;

        public int LocalCount => 1;

        public void Sum(IReadOnlyList<Tensor> tensors)
        {
        }

        public void Broadcast(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> source)
        {
        }

        public IReadOnlyList<byte[]> Gather(byte[] own) => [own];

        public byte[] FromFirst(byte[] own) => own;
    }
}
