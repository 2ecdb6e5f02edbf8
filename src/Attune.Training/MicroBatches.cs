using Attune.Torch;
using Attune.Training.Optimizers;

namespace Attune.Training;

/// <summary>
/// Adds up the gradients of a step's micro-batches, always in the same order. Workers share the model and take the longest
/// micro-batches first; each is one CPU thread, so that any number of them gives the same bits.
/// </summary>
sealed class MicroBatches(Optimizer optimizer, BatchOptions options)
{
    /// <summary>Items in micro-batches, those of like length together.</summary>
    public IReadOnlyList<T[]> Split<T>(IReadOnlyCollection<T> items, Func<T, int> length) => options.MicroBatchSize == 0 || options.MicroBatchSize >= items.Count
        ? [[.. items]]
        : [.. items.OrderBy(length).Chunk(options.MicroBatchSize)];

    /// <summary>Computes the loss of each micro-batch and its gradients.</summary>
    /// <returns>What they logged, added up.</returns>
    public Dictionary<string, double> Backward<T>(IReadOnlyList<T[]> parts, Func<T[], Loss> compute)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var logged in options.Workers > 1 ? AtOnce(parts, compute) : OneByOne(parts, compute))
            metrics.AddUp(logged);
        return metrics;
    }

    static IEnumerable<IReadOnlyDictionary<string, double>> OneByOne<T>(IReadOnlyList<T[]> parts, Func<T[], Loss> compute)
    {
        foreach (var part in parts)
        {
            using var scope = TensorScope.Open();
            var loss = compute(part);
            loss.Value.Backward();
            yield return loss.Metrics;
        }
    }

    IEnumerable<IReadOnlyDictionary<string, double>> AtOnce<T>(IReadOnlyList<T[]> parts, Func<T[], Loss> compute)
    {
        foreach (var (logged, gradients) in Workers.Run(options.Workers, parts, part => Gradients(compute, part)))
        {
            optimizer.AddGradients(gradients);
            yield return logged;
        }
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
