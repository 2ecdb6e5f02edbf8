namespace Attune.Torch.Distributed;

/// <summary>The ranks of the current training job, and what all of them compute together.</summary>
public static class Ranks
{
    static readonly AsyncLocal<IRanks?> current = new();

    /// <summary>The ranks of the current flow of execution; a single one by default.</summary>
    public static IRanks Current => current.Value ?? SingleRank.Instance;

    /// <summary>Whether this process owns the run folder and talks to the user.</summary>
    public static bool IsFirst => Current.Rank == 0;

    /// <summary>Whether several processes train together.</summary>
    public static bool AreMany => Current.Count > 1;

    /// <summary>Makes ranks the current ones until the result is disposed.</summary>
    public static IDisposable Use(IRanks ranks) => new Change(ranks);

    /// <summary>Lets this rank work by itself until the result is disposed, so that other ranks need not make the same calls.</summary>
    public static IDisposable Alone() => new Change(SingleRank.Instance);

    /// <summary>
    /// The result of rank 0, on every rank. For what must happen once: a request to another program, a file, a decision.
    /// </summary>
    /// <param name="compute">Called on rank 0 only. Its result is sent as JSON; a tensor is freed then.</param>
    /// <exception cref="InvalidDataException">The computation failed with this exception, on every rank.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static T Once<T>(Func<T> compute)
    {
        var ranks = Current;
        if (ranks.Count == 1)
            return compute();
        var own = ranks.Rank == 0 ? RankMessage.Write(Outcome<T>.Of(compute)) : [];
        return RankMessage.Read<Outcome<T>>(ranks.FromFirst(own)).Take();
    }

    /// <summary>Calls an action on rank 0; the others wait for it.</summary>
    /// <inheritdoc cref="Once{T}"/>
    public static void Once(Action action) => Once(() =>
    {
        action();
        return true;
    });

    /// <summary>The results of all ranks, in their order, on every rank.</summary>
    /// <param name="compute">Called on every rank. Its result is sent as JSON; a tensor is freed then.</param>
    /// <param name="device">The device of tensors in the results.</param>
    /// <inheritdoc cref="Once{T}"/>
    public static IReadOnlyList<T> Gather<T>(Func<T> compute, Device device = default)
    {
        var ranks = Current;
        if (ranks.Count == 1)
            return [compute()];
        var all = ranks.Gather(RankMessage.Write(Outcome<T>.Of(compute)));
        return [.. all.Select(message => RankMessage.Read<Outcome<T>>(message, device).Take())];
    }

    /// <summary>Whether something is true on any rank.</summary>
    public static bool Any(bool own) => AreMany ? Gather(() => own).Contains(true) : own;

    /// <summary>Waits for all ranks.</summary>
    public static void Wait() => _ = Any(false);

    /// <summary>Divides items among ranks: the largest first, each to the rank with the fewest elements so far.</summary>
    /// <param name="sizes">The elements of each item.</param>
    /// <param name="ranks">The number of ranks.</param>
    /// <param name="known">The ranks of items that have one already; null for none.</param>
    /// <returns>The rank of each item.</returns>
    public static int[] Divide(IReadOnlyList<long> sizes, int ranks, IReadOnlyList<int?>? known = null)
    {
        var (owners, elements) = (new int[sizes.Count], new long[ranks]);
        foreach (var at in Enumerable.Range(0, sizes.Count).OrderBy(at => known?[at] is null).ThenByDescending(at => sizes[at]))
        {
            owners[at] = known?[at] ?? Array.IndexOf(elements, elements.Min());
            elements[owners[at]] += sizes[at];
        }
        return owners;
    }

    sealed class Change : IDisposable
    {
        readonly IRanks? before = current.Value;

        public Change(IRanks ranks) => current.Value = ranks;

        public void Dispose() => current.Value = before;
    }

    /// <summary>A result, or why there is none.</summary>
    sealed record Outcome<T>(T? Result, string? Failure, bool IsCancelled)
    {
        public static Outcome<T> Of(Func<T> compute)
        {
            using var alone = Alone();
            try
            {
                return new(compute(), Failure: null, IsCancelled: false);
            }
            catch (InvalidDataException error)
            {
                return new(default, error.Message, IsCancelled: false);
            }
            catch (OperationCanceledException)
            {
                return new(default, Failure: null, IsCancelled: true);
            }
        }

        public T Take() => IsCancelled ? throw new OperationCanceledException("another rank was cancelled")
            : Failure is null ? Result! : throw new InvalidDataException(Failure);
    }

    sealed class SingleRank : IRanks
    {
        public static SingleRank Instance { get; } = new();

        public int Rank => 0;

        public int Count => 1;

        public int LocalRank => 0;

        public int LocalCount => 1;

        public void Sum(IReadOnlyList<Tensor> tensors)
        {
        }

        public void Sum(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> owners)
        {
        }

        public void Broadcast(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> source)
        {
        }

        public IReadOnlyList<byte[]> Gather(byte[] own) => [own];

        public byte[] FromFirst(byte[] own) => own;
    }
}
