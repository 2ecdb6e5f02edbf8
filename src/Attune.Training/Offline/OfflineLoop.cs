using Attune.Data;
using Attune.Reporting.Reports;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Optimizers;
using Attune.Training.Runs;

namespace Attune.Training.Offline;

/// <summary>
/// The training loop for a fixed dataset: batch, objective, step. Pretraining, fine-tuning, reward modelling and DPO differ in their
/// objective
/// only.
/// </summary>
public sealed class OfflineLoop<TExample>(Run run, IObjective<TExample> objective, ScheduledOptimizer optimization, BatchOptions options)
{
    /// <summary>How many micro-batches of an evaluation are in memory at the same time.</summary>
    const int PartsAtOnce = 64;

    readonly MicroBatches microBatches = new(optimization.Optimizer, options);

    /// <summary>Called with the index of each step before it; null for nothing.</summary>
    public Action<int>? BeforeStep { get; init; }

    /// <summary>Trains until the last step, or until it is cancelled.</summary>
    /// <param name="data">The examples and the steps of the run.</param>
    /// <param name="evaluate">Evaluates on held-out examples.</param>
    /// <param name="cancellation">Stops at the next step boundary, with a checkpoint.</param>
    public void Train(OfflineData<TExample> data, Func<EvaluationResult> evaluate, CancellationToken cancellation)
    {
        run.Summarize = objective.Summarize;
        if (optimization.Notice is { } notice)
            run.Notice(notice);
        foreach (var step in run.Steps(data.Steps, evaluate, cancellation))
        {
            BeforeStep?.Invoke(step.Index);
            var seen = (long)step.Index * options.BatchSize;
            var batch = objective.Sample(
                [.. data.Batch(step.Index).Select((example, i) => objective.Transform(example, seen + i))], run.Random, step);
            optimization.Optimizer.ClearGradients();
            Begin(batch, isHeldOut: false);
            var count = objective.Count(batch);
            var totals = microBatches.Backward(microBatches.Split(batch, objective.Length), part => objective.Compute(part, count));
            step.Log(totals.Metrics);
            step.Log("epoch", (double)step.Number * batch.Count / data.Train.Count);
            optimization.Apply(step, totals.Loss, () => string.Join("; ", batch.Take(3).Select(objective.Describe)));
            objective.AfterUpdate(step.Number);
        }
    }

    /// <summary>The metrics of an objective over held-out examples, without gradients.</summary>
    public IReadOnlyDictionary<string, double> Evaluate(IReadOnlyList<TExample> heldOut)
    {
        if (heldOut.Count == 0)
            return new Dictionary<string, double>(StringComparer.Ordinal);
        var examples = new ListView<TExample>(heldOut.Count, i => objective.Transform(heldOut[i], -1 - i));
        var (totals, count) = (new LossTotals(), objective.Count(examples));
        Begin(examples, isHeldOut: true);
        int[] lengths = [.. examples.Select(objective.Length)];
        var parts = Enumerable.Range(0, lengths.Length).OrderBy(i => lengths[i]).Chunk(options.BatchSize)
            .Select(batch => Array.ConvertAll(batch, i => examples[i]))
            .SelectMany(batch => objective.ComparesExamples ? [batch] : microBatches.Split(batch, objective.Length));
        foreach (var together in parts.Chunk(PartsAtOnce))
            foreach (var share in microBatches.Workers.Map(together, Totals))
                totals.Add(share);
        var metrics = totals.Metrics.ToDictionary(metric => $"eval/{metric.Key}", metric => metric.Value, StringComparer.Ordinal);
        metrics[MetricGuide.HeldOutExamples] = heldOut.Count;
        return metrics;

        LossTotals Totals(TExample[] part)
        {
            using var noGrad = Autograd.NoGrad();
            using var scope = TensorScope.Open();
            return objective.Compute(part, count).Totals;
        }
    }

    void Begin(IReadOnlyList<TExample> batch, bool isHeldOut)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        objective.BeginBatch(batch, microBatches, isHeldOut);
    }
}
