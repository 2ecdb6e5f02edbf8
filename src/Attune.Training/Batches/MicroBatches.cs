using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Optimizers;

namespace Attune.Training.Batches;

/// <summary>
/// Splits a step into micro-batches and adds up their gradients, always in the same order. On a CPU several workers can share the model;
/// each computes its own gradients, so that results are bit-identical for any number of workers. Each rank computes a part of the
/// micro-batches; all ranks get the sums.
/// </summary>
public sealed class MicroBatches(Optimizer optimizer, BatchOptions options)
{
    readonly WorkerThreads threads = WorkerThreads.On(optimizer.Parameters[0].Device, options.Workers);

    /// <summary>Process micro-batches on all ranks.</summary>
    public IWorkers Workers { get; } = RankWorkers.On(optimizer.Parameters[0].Device, options.Workers);

    /// <summary>
    /// Splits items into micro-batches, those of similar length together. Of n ranks, each gets every n-th micro-batch, and about the same
    /// number of items of each length.
    /// </summary>
    public IReadOnlyList<T[]> Split<T>(IReadOnlyCollection<T> items, Func<T, int> length)
    {
        var size = options.MicroBatchSize is > 0 and var most ? most : items.Count;
        var ranks = Ranks.Current.Count;
        if (ranks == 1 && options.MicroBatchTokens == 0 && size >= items.Count)
            return [[.. items]];
        var dealt = items.OrderBy(length).Index().GroupBy(row => row.Index % ranks, row => row.Item);
        T[][][] shares = [.. dealt.Select(share => Parts(share, length, size).ToArray())];
        return [.. Enumerable.Range(0, shares.Select(share => share.Length).DefaultIfEmpty().Max())
            .SelectMany(at => shares.Where(share => at < share.Length).Select(share => share[at]))];
    }

    /// <summary>
    /// As many items in a part as the limits allow when they are padded to the longest; an item with more tokens is a part of its own.
    /// </summary>
    IEnumerable<T[]> Parts<T>(IEnumerable<T> sorted, Func<T, int> length, int size)
    {
        var tokens = options.MicroBatchTokens > 0 ? options.MicroBatchTokens : long.MaxValue;
        var part = new List<T>();
        foreach (var item in sorted)
        {
            if (part.Count == size || (part.Count > 0 && (part.Count + 1L) * length(item) > tokens))
            {
                yield return [.. part];
                part.Clear();
            }
            part.Add(item);
        }
        if (part.Count > 0)
            yield return [.. part];
    }

    /// <summary>Computes the loss of each micro-batch and adds its gradients to those of the parameters.</summary>
    /// <returns>The sums over the micro-batches.</returns>
    public LossTotals Backward<T>(IReadOnlyList<T[]> parts, Func<T[], Loss> compute)
    {
        if (!Ranks.AreMany)
            return BackwardHere(parts, compute);
        var (own, before) = (RankWorkers.Share(parts), optimizer.TakeGradients());
        var totals = new LossTotals();
        var shares = Ranks.Gather(() => (Totals: BackwardHere(own, compute), optimizer.HasGradient));
        foreach (var share in shares)
            totals.Add(share.Totals);
        optimizer.SumGradients([.. shares.Select(share => share.HasGradient)]);
        optimizer.AddGradients(before);
        return totals;
    }

    LossTotals BackwardHere<T>(IReadOnlyList<T[]> parts, Func<T[], Loss> compute)
    {
        var totals = new LossTotals();
        if (threads.Count == 1)
            foreach (var part in parts)
                totals.Add(BackwardOf(compute, part));
        else
            foreach (var together in parts.Chunk(threads.Count))
                foreach (var (share, gradients) in threads.Map(together, part => Gradients(compute, part)))
                {
                    optimizer.AddGradients(gradients);
                    totals.Add(share);
                }
        return totals;
    }

    static LossTotals BackwardOf<T>(Func<T[], Loss> compute, T[] part)
    {
        using var scope = TensorScope.Open();
        var loss = compute(part);
        loss.Value.Backward();
        return loss.Totals;
    }

    (LossTotals Totals, Tensor?[] Gradients) Gradients<T>(Func<T[], Loss> compute, T[] part)
    {
        using var scope = TensorScope.Open();
        var loss = compute(part);
        var gradients = loss.Value.GradientsOf(optimizer.Parameters);
        foreach (var gradient in gradients.OfType<Tensor>())
            scope.MoveToOuterScope(gradient);
        return (loss.Totals, gradients);
    }
}
