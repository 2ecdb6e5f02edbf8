using Attune.Data;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Optimizers;
using Attune.Training.Runs;

namespace Attune.Training.Offline;

/// <summary>
/// Learning from examples that do not change: batch, objective, step. Pretraining, fine-tuning and reward modelling differ in their
/// objective only.
/// </summary>
public sealed class OfflineLoop<TExample>(Run run, IObjective<TExample> objective, Optimization optimization, BatchOptions options)
{
    readonly MicroBatches microBatches = new(optimization.Optimizer, options);

    /// <summary>Trains until the last step, or until it is cancelled.</summary>
    /// <param name="examples">All of them, in tokens.</param>
    /// <param name="order">Which of them a step sees.</param>
    /// <param name="steps">Of the whole run.</param>
    /// <param name="evaluate">Looks at held-out examples.</param>
    /// <param name="cancellation">Stops at the next step boundary, with a checkpoint.</param>
    public void Train(IReadOnlyList<TExample> examples, BatchOrder order, int steps, Func<EvaluationResult> evaluate, CancellationToken cancellation)
    {
        run.InWords = objective.InWords;
        foreach (var step in run.Steps(steps, evaluate, cancellation))
        {
            var seen = (long)step.Index * options.BatchSize;
            TExample[] batch = [.. order.Batch(step.Index).Select((index, i) => objective.Look(examples[index], seen + i))];
            optimization.Optimizer.ClearGradients();
            var count = objective.Count(batch);
            var metrics = microBatches.Backward(microBatches.Split(batch, objective.Length), part => objective.Compute(part, count));
            step.Log(metrics);
            step.Log("epoch", (double)step.Number * batch.Length / examples.Count);
            optimization.Apply(step, metrics["loss"], () => string.Join("; ", batch.Take(3).Select(objective.Describe)));
        }
    }

    /// <summary>The figures of an objective over held-out examples, without gradients.</summary>
    public IReadOnlyDictionary<string, double> Evaluate(IReadOnlyList<TExample> heldOut)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        if (heldOut.Count == 0)
            return metrics;
        TExample[] examples = [.. heldOut.Select((example, i) => objective.Look(example, -1 - i))];
        using var noGrad = Autograd.NoGrad();
        var count = objective.Count(examples);
        foreach (var part in examples.OrderBy(objective.Length).Chunk(options.BatchSize).SelectMany(batch => microBatches.Split(batch, objective.Length)))
        {
            using var scope = TensorScope.Open();
            metrics.AddUp(objective.Compute(part, count).Metrics);
        }
        return metrics.ToDictionary(metric => $"eval/{metric.Key}", metric => metric.Value, StringComparer.Ordinal);
    }
}
