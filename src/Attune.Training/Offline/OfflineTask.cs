using Attune.Data;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Batches;
using Attune.Training.Evaluation;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Runs;
using Attune.Training.States;

namespace Attune.Training.Offline;

/// <summary>An <see cref="OfflineLoop{TExample}"/> with its optimizer, order of examples and evaluation, registered with a run.</summary>
public sealed class OfflineTask<TExample>(
    Run run, TrainedParameters trained, IObjective<TExample> objective, BatchOptions training, OptimizerOptions optimization)
{
    /// <summary>Whether the model's dropout is applied in training.</summary>
    public bool Dropout { get; init; }

    /// <summary>Samples and scores responses in every evaluation; null for none.</summary>
    public SampledEvaluation? Responses { get; init; }

    /// <summary>Draws dropout: each of several ranks has a source of its own, which follows from the step.</summary>
    readonly RandomSource random = Ranks.AreMany ? new(0, run.Device) : run.Random;

    public void Train(IReadOnlyList<TExample> train, IReadOnlyList<TExample> heldOut, CancellationToken cancellation)
    {
        var data = new OfflineData<TExample>(
            train, heldOut, new BatchOrder(train.Count, training.BatchSize, run.Seed), training.TotalSteps(train.Count));
        objective.Prepare(data);
        if (run.SelfTest)
        {
            TExample[] few = [.. data.Batch(0).Take(SelfTest.Examples).Select((example, i) => objective.Transform(example, i))];
            SelfTest.Run(trained.Named, objective, few, run.Dtype, run.Notice);
        }
        SetDropout(Dropout);
        if (training.Workers > 1 && trained.Model.HasActiveDropout)
            throw new InvalidDataException(
                "`training.workers` must be 1 for a model with dropout, whose noise is drawn in one order; or switch its dropout off.");
        var optimizer = new Optimizer(optimization.ToRule(), trained.Named, optimization.WeightDecay)
        {
            Workers = WorkerThreads.On(run.Device, training.Workers),
        };
        run.Register("model", new ModelState(trained.Named));
        run.Register("optimizer", optimizer);
        foreach (var (name, state) in objective.States)
            run.Register(name, state);
        run.EvaluationCost = (heldOut.Count + (Responses?.PromptCount ?? 0)) / (double)training.BatchSize;
        var loop = new OfflineLoop<TExample>(run, objective, new(optimizer, optimization, data.Steps), training)
        {
            BeforeStep = Ranks.AreMany ? ReseedDropout : null,
        };
        loop.Train(data, Evaluate, cancellation);

        EvaluationResult Evaluate()
        {
            SetDropout(false);
            var metrics = loop.Evaluate(heldOut);
            var sampled = Responses?.Evaluate() ?? EvaluationResult.Empty;
            SetDropout(Dropout);
            return new(new Dictionary<string, double>([.. sampled.Metrics.Where(row => !metrics.ContainsKey(row.Key)), .. metrics]),
                sampled.Samples);
        }
    }

    void SetDropout(bool on) => trained.Model.SetDropout(on ? random : null);

    void ReseedDropout(int step) =>
        random.Reseed(((ulong)(uint)run.Seed << 32) + (ulong)step * (ulong)Ranks.Current.Count + (ulong)Ranks.Current.Rank);
}
