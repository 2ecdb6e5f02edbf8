using Attune.Torch;
using Attune.Training.Optimizers;

namespace Attune.Training.Batches;

/// <summary>
/// Adds up the gradients of a step's micro-batches, always in the same order. On a CPU several workers may share the model, a thread
/// each, so that any number of them gives the bits of one thread; each holds gradients of its own.
/// </summary>
sealed class MicroBatches(Optimizer optimizer, BatchOptions options)
{
    /// <summary>How many are worked on at once.</summary>
    public int Workers => WorkerThreads.CountOn(optimizer.Parameters[0].Device, options.Workers);

    /// <summary>Items in micro-batches, those of like length together.</summary>
    public IReadOnlyList<T[]> Split<T>(IReadOnlyCollection<T> items, Func<T, int> length)
    {
        if (options.MicroBatchTokens > 0)
            return [.. ByTokens(items.OrderBy(length), length)];
        return options.MicroBatchSize == 0 || options.MicroBatchSize >= items.Count ? [[.. items]] : [.. items.OrderBy(length).Chunk(options.MicroBatchSize)];
    }

    /// <summary>As many items as, padded to the longest of them, have no more tokens than are allowed; a longer one stands alone.</summary>
    IEnumerable<T[]> ByTokens<T>(IEnumerable<T> sorted, Func<T, int> length)
    {
        var part = new List<T>();
        foreach (var item in sorted)
        {
            if (part.Count > 0 && (part.Count + 1L) * length(item) > options.MicroBatchTokens)
            {
                yield return [.. part];
                part.Clear();
            }
            part.Add(item);
        }
        if (part.Count > 0)
            yield return [.. part];
    }

    /// <summary>Computes the loss of each micro-batch and its gradients.</summary>
    /// <returns>What they logged, added up.</returns>
    public Dictionary<string, double> Backward<T>(IReadOnlyList<T[]> parts, Func<T[], Loss> compute)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        if (Workers == 1)
            foreach (var part in parts)
                metrics.AddUp(Backward(compute, part));
        else
            foreach (var together in parts.Chunk(Workers))
                foreach (var (logged, gradients) in WorkerThreads.Run(Workers, together, part => Gradients(compute, part)))
                {
                    optimizer.AddGradients(gradients);
                    metrics.AddUp(logged);
                }
        return metrics;
    }

    static IReadOnlyDictionary<string, double> Backward<T>(Func<T[], Loss> compute, T[] part)
    {
        using var scope = TensorScope.Open();
        var loss = compute(part);
        loss.Value.Backward();
        return loss.Metrics;
    }

    (IReadOnlyDictionary<string, double> Metrics, Tensor?[] Gradients) Gradients<T>(Func<T[], Loss> compute, T[] part)
    {
        using var scope = TensorScope.Open();
        var loss = compute(part);
        var gradients = loss.Value.GradientsOf(optimizer.Parameters);
        foreach (var gradient in gradients.OfType<Tensor>())
            scope.Keep(gradient);
        return (loss.Metrics, gradients);
    }
}
