using Attune.Torch;
using Attune.Training.Optimizers;

namespace Attune.Training.Batches;

/// <summary>
/// Splits a step into micro-batches and adds up their gradients, always in the same order. On a CPU several workers can share the model;
/// each computes its own gradients, so that results are bit-identical for any number of workers.
/// </summary>
public sealed class MicroBatches(Optimizer optimizer, BatchOptions options)
{
    /// <summary>The workers that compute the micro-batches.</summary>
    public IWorkers Workers { get; } = WorkerThreads.On(optimizer.Parameters[0].Device, options.Workers);

    /// <summary>Splits items into micro-batches, those of similar length together.</summary>
    public IReadOnlyList<T[]> Split<T>(IReadOnlyCollection<T> items, Func<T, int> length)
    {
        var size = options.MicroBatchSize is > 0 and var most ? most : items.Count;
        return options.MicroBatchTokens == 0 && size >= items.Count ? [[.. items]] : [.. Parts(items.OrderBy(length), length, size)];
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
        var totals = new LossTotals();
        if (Workers.Count == 1)
            foreach (var part in parts)
                totals.Add(Backward(compute, part));
        else
            foreach (var together in parts.Chunk(Workers.Count))
                foreach (var (share, gradients) in Workers.Map(together, part => Gradients(compute, part)))
                {
                    optimizer.AddGradients(gradients);
                    totals.Add(share);
                }
        return totals;
    }

    static LossTotals Backward<T>(Func<T[], Loss> compute, T[] part)
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
