using Attune.Training.Runs;

namespace Attune.Training.Batches;

/// <summary>What the threads, workers and micro-batches of a run are chosen for.</summary>
/// <param name="Processors">Processors of the machine, of each rank on it.</param>
/// <param name="Parameters">Parameters of the model.</param>
/// <param name="Examples">Examples of an update, of each rank.</param>
public sealed record Workload(int Processors, long Parameters, int Examples)
{
    /// <summary>Whether the model is on a CPU.</summary>
    public bool IsOnCpu { get; init; } = true;

    /// <summary>Whether an update can be computed in micro-batches.</summary>
    public bool CanSplit { get; init; } = true;

    /// <summary>Whether the model draws dropout in training, in one order.</summary>
    public bool HasDropout { get; init; }
}

/// <summary>
/// Chooses <c>run.threads</c>, <c>training.workers</c>, <c>training.microBatchSize</c> and <c>training.microBatchTokens</c> where a recipe
/// leaves the choice to the program. docs/recipes.md has the rule. A run records the choice in its recipe, so that it is resumed with the
/// same numbers on any machine.
/// </summary>
public static class Parallelism
{
    /// <summary>Operators of a larger model are long enough to be divided, and each worker needs gradients of its own.</summary>
    const long SmallModel = 25_000_000;

    const int MostWorkers = 16;
    const int TokensOfWorker = 512;
    const int TokensOfThread = 256;

    /// <summary>The options with every choice made. Values that are set stay as they are.</summary>
    public static (RunOptions Run, BatchOptions Training) Choose(RunOptions run, BatchOptions training, Workload load)
    {
        var workers = training.Workers > 0 ? training.Workers : Workers(run, training, load);
        var threads = run.Threads > 0 ? run.Threads : workers > 1 ? 1 : load.Processors;
        return (run with { Threads = threads }, WithMicroBatches(training, workers, threads, load) with { Workers = workers });
    }

    /// <summary>The options with the choices of another run, where they leave the choice to the program.</summary>
    public static (RunOptions Run, BatchOptions Training) Take(
        RunOptions run, BatchOptions training, RunOptions recordedRun, BatchOptions recorded) => (
        run with { Threads = run.Threads > 0 ? run.Threads : recordedRun.Threads },
        training with
        {
            Workers = training.Workers > 0 ? training.Workers : recorded.Workers,
            MicroBatchSize = IsChosen(training) ? recorded.MicroBatchSize : training.MicroBatchSize,
            MicroBatchTokens = IsChosen(training) ? recorded.MicroBatchTokens : training.MicroBatchTokens,
        });

    /// <summary>
    /// How many workers share a small model. With <c>run.threads</c> set there is one, so that a run uses as many processors as it is
    /// allowed to.
    /// </summary>
    static int Workers(RunOptions run, BatchOptions training, Workload load) =>
        run.Threads > 0 || !load.IsOnCpu || load.HasDropout || load.Parameters > SmallModel
            ? 1
            : Math.Clamp(Parts(training, load), 1, Math.Min(load.Processors, MostWorkers));

    /// <summary>How many micro-batches an update can have.</summary>
    static int Parts(BatchOptions training, Workload load) => training switch
    {
        { MicroBatchTokens: > 0 } => load.Examples,
        { MicroBatchSize: 0 } => 1,
        { MicroBatchSize: { } size } => (load.Examples + size - 1) / size,
        _ => load.CanSplit ? load.Examples : 1,
    };

    static BatchOptions WithMicroBatches(BatchOptions training, int workers, int threads, Workload load)
    {
        if (!IsChosen(training) || !load.CanSplit || !load.IsOnCpu)
            return training with { MicroBatchSize = training.MicroBatchSize ?? 0 };
        return training with
        {
            MicroBatchSize = workers > 1 ? (load.Examples + workers - 1) / workers : 0,
            MicroBatchTokens = workers > 1 ? TokensOfWorker : Math.Max(TokensOfWorker, TokensOfThread * threads),
        };
    }

    /// <summary>Whether the micro-batches are left to the program.</summary>
    static bool IsChosen(BatchOptions training) => training is { MicroBatchSize: null, MicroBatchTokens: 0 };
}
