using System.Diagnostics;
using System.Globalization;
using Attune.Data.Encoded;
using Attune.Input;
using Attune.Reporting.Charts;
using Attune.Reporting.Files;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Health;
using Attune.Training.States;

namespace Attune.Training.Runs;

/// <summary>
/// A run in its folder. <see cref="Steps"/> resumes, logs, evaluates, saves, cancels and frees tensors, so that the body of a training loop
/// is the algorithm only. Of several ranks, the first one writes the folder and shows the progress.
/// </summary>
public sealed partial class Run : IDisposable, IRunState
{
    const int SkippedStepsInARow = 3;
    const int DefaultEvaluations = 10;
    const long GarbageToCollect = 4 << 20;

    readonly RunOptions options;
    readonly string? recipe;
    readonly IRunDisplay display;
    IDisposable? folderLock;
    readonly CheckpointStore checkpoints;
    readonly Dictionary<string, IRunState> states = new(StringComparer.Ordinal);
    readonly List<(string Path, Action<string> Write)> unwritten = [];
    readonly Stopwatch clock = new();
    string? bestBy;
    (int Step, double Value)? best;
    int skippedInARow;
    long allocatedBefore;
    double secondsBefore;
    bool hasBegun;

    /// <summary>A run of a custom training loop. If the folder already holds one, it is resumed.</summary>
    /// <param name="options">Folder, seed, and how often the run saves and evaluates.</param>
    /// <param name="display">Shows the progress; null shows nothing.</param>
    /// <exception cref="InvalidDataException">The options are wrong, the folder is in use, or it holds a run of another kind.</exception>
    public Run(RunOptions options, IRunDisplay? display = null)
        : this(options, CustomLoop.Method, CustomLoop.RecipeOf(options), display ?? new SilentDisplay())
    {
    }

    /// <param name="options">Folder, seed, and how often the run saves and evaluates.</param>
    /// <param name="method">The training method, for the report.</param>
    /// <param name="recipe">The resolved recipe, which is saved in the folder; null to resume the run of the folder.</param>
    /// <param name="display">Shows the progress.</param>
    /// <exception cref="InvalidDataException">The folder is in use, or holds another run.</exception>
    public Run(RunOptions options, MethodDescription method, string? recipe, IRunDisplay display)
    {
        (this.options, this.recipe, this.display) = (options.WithDtype(), recipe, Ranks.IsFirst ? display : new SilentDisplay());
        var device = Device.Parse(options.Device);
        Method = method;
        Folder = new(options.Output);
        if (recipe is null)
            Lock();
        else
            RequireNoRun();
        Started = Ranks.Once(() => ReadStarted(Folder) ?? DateTime.SpecifyKind(DateTime.Now, DateTimeKind.Unspecified));
        checkpoints = new(Folder.Checkpoints, options.KeepCheckpoints);
        Random = new((ulong)options.Seed, device);
        if (options.Threads > 0)
            TorchLibrary.Threads = options.Threads;
        Register("run", this);
        Register("random", new RandomState(Random));
    }

    public MethodDescription Method { get; }

    public RunFolder Folder { get; }

    /// <summary>The run's random source, on its device; its state is part of every checkpoint.</summary>
    public RandomSource Random { get; }

    public Device Device => Random.Device;

    /// <summary>The local time of the first start, the current time in chat templates: a resumed run reads the same texts.</summary>
    public DateTime Started { get; }

    /// <summary>The type that matrix products compute in.</summary>
    public DType Dtype => DTypes.Parse(options.Dtype);

    public int Seed => options.Seed;

    /// <summary>Whether to run the self-test before the first step.</summary>
    public bool SelfTest => options.SelfTest;

    /// <summary>Seconds that the run has worked, before and after a resume.</summary>
    public double Seconds => secondsBefore + clock.Elapsed.TotalSeconds;

    /// <summary>
    /// The examples of an evaluation divided by those of a step. By default the steps between two evaluations are at least as many, so
    /// that evaluations read at most as many examples as the run trains on.
    /// </summary>
    public double EvaluationCost { get; set; }

    /// <summary>Formats the most important metrics of a step as a short text; an algorithm sets it.</summary>
    public Func<IReadOnlyDictionary<string, double>, string> Summarize { get; set; } = _ => "";

    /// <summary>Makes a state part of every checkpoint. All states that a step changes must be registered before the first step.</summary>
    /// <exception cref="InvalidOperationException">The first step has begun.</exception>
    public void Register(string name, IRunState state)
    {
        if (hasBegun)
            throw new InvalidOperationException($"'{name}' must be registered before the first step, so that checkpoints have it");
        states.Add(name, state);
    }

    /// <summary>Keeps the state with the highest value of a held-out metric, and saves the model of that state.</summary>
    public void KeepBest(string metric) => bestBy = metric;

    /// <summary>The step with the highest value of the metric of <see cref="KeepBest"/>; null without one.</summary>
    internal (string Metric, int Step, double Value)? Best => best is { } kept ? (bestBy!, kept.Step, kept.Value) : null;

    /// <summary>Writes a file of the run folder, or, while there is no folder yet, when it is created before the first step.</summary>
    internal void WriteFile(string path, Action<string> write)
    {
        if (!Ranks.IsFirst)
            return;
        if (folderLock is null)
            unwritten.Add((path, write));
        else
            AtomicWrite.File(path, write);
    }

    public void Notice(string text) => display.Notice(text);

    /// <summary>A notice about something that may be wrong.</summary>
    internal void Warn(string text) => display.Warning(text);

    /// <summary>Shows how far the preparation of the data is.</summary>
    internal void Progress(DataProgress progress) => display.Progress(progress.Text, progress.Bytes, progress.Total);

    public void Notices(IEnumerable<string> texts)
    {
        foreach (var text in texts)
            Notice(text);
    }

    /// <summary>
    /// The remaining steps, one at a time, after restoring the newest checkpoint. The body of the loop runs in a new tensor scope for each
    /// step.
    /// </summary>
    /// <param name="total">Steps of the whole run.</param>
    /// <param name="evaluate">Evaluates on held-out data: before the first step, every <see cref="RunOptions.EvaluateEvery"/> steps, and
    /// after the last; null not to.</param>
    /// <param name="cancellation">Stops at the next step boundary, with a checkpoint.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint is written.</exception>
    /// <exception cref="TrainingStoppedException">Three steps in a row had to be skipped.</exception>
    public IEnumerable<TrainingStep> Steps(int total, Func<EvaluationResult>? evaluate = null, CancellationToken cancellation = default)
    {
        evaluate ??= () => EvaluationResult.Empty;
        hasBegun = true;
        var done = checkpoints.Load(states, Warn) ?? 0;
        best = bestBy is null ? null : checkpoints.Best(Warn);
        CreateFolder();
        OpenFiles(done);
        if (Ranks.IsFirst)
            SessionOnMachine.Describe(this, done).Append(Folder);
        clock.Start();
        using var span = RunTelemetry.Start("attune.run", Name, Method.Name, done);
        display.Begin(Name, done, total);
        if (done == 0)
            Begin(total, evaluate);
        else if (IsEvaluationDue(done, total) && !HasEvaluation(done))
            Evaluate(done, total, evaluate);
        while (done < total)
        {
            StopIfCancelled(done, cancellation);
            var step = new TrainingStep(done + 1);
            using (TensorScope.Open())
            using (RunTelemetry.Start("attune.step", Name, Method.Name, step.Number))
                yield return step;
            done = step.Number;
            RunTelemetry.AddStep(Name);
            Finish(step);
            CollectGarbage();
            if (IsEvaluationDue(done, total))
                Evaluate(done, total, evaluate);
            if (health?.Due(done) is { } due && Act(due.Act, due.Finding, done) is { } restoredStep)
            {
                done = restoredStep;
                if (done == 0)
                    Evaluate(0, total, evaluate);
            }
            else if (IsDue(options.CheckpointEvery, done) || done == total)
                SaveCheckpoint(done);
        }
        clock.Stop();
    }

    /// <summary>Ends a run that cannot continue, with a checkpoint.</summary>
    /// <param name="done">How many steps are done.</param>
    /// <param name="reason">Why it cannot continue.</param>
    /// <returns>The exception to throw.</returns>
    public TrainingStoppedException Stop(int done, string reason)
    {
        SaveStopped(done);
        return new($"{reason}\nThe run is saved after step {done}; {HowToResume}");
    }

    /// <summary>Saves the states within a step, so that a resumed run does not repeat the part of the step that is done.</summary>
    /// <param name="done">How many steps are done.</param>
    internal void SaveWithinStep(int done) => checkpoints.Replace(done, states);

    public void Save(StateWriter writer)
    {
        writer.Write("seconds", Seconds);
        writer.Write("skipped", skippedInARow);
    }

    public void Load(StateReader reader)
    {
        secondsBefore = reader.ReadNumber("seconds");
        skippedInARow = (int)reader.ReadNumber("skipped");
    }

    /// <summary>
    /// Ends the run: writes the model, the report, and the summary last. The model is written to a temporary folder that replaces an old
    /// model.
    /// </summary>
    public void Complete(Action<string> saveModel)
    {
        TakeBest();
        Ranks.Once(() => WriteResult(saveModel));
    }

    void WriteResult(Action<string> saveModel)
    {
        AtomicWrite.Folder(Folder.Model, folder =>
        {
            saveModel(folder);
            ModelCard.Write(folder, Folder, Method);
        });
        var summary = RunSummary.Create(this);
        RunReport.Write(Folder, Method);
        AtomicWrite.File(Folder.Summary, summary.ToJsonString(new() { WriteIndented = true }) + "\n");
        display.End($"done in {NumberFormat.Duration(TimeSpan.FromSeconds(Seconds))}; the model is in {Folder.Model}");
    }

    public void Dispose()
    {
        CloseFiles();
        Random.Dispose();
        folderLock?.Dispose();
    }

    /// <summary>The name of the run's folder.</summary>
    string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Output)));

    static bool IsDue(int every, int step) => every > 0 && step % every == 0;

    bool IsEvaluationDue(int done, int total) => IsDue(options.EvaluateEvery ?? DefaultInterval(total), done) || done == total;

    int DefaultInterval(int total) => (int)Math.Ceiling(Math.Min(total, Math.Max(total / (double)DefaultEvaluations, EvaluationCost)));

    void Evaluate(int done, int total, Func<EvaluationResult> evaluate)
    {
        display.BeginEvaluation(done);
        using var span = RunTelemetry.Start("attune.evaluation", Name, Method.Name, done);
        try
        {
            var evaluation = evaluate();
            LogEvaluation(done, evaluation, samples: done == 0 || done == total ? int.MaxValue : SamplesBetween);
            display.EndEvaluation(done, evaluation.Metrics);
        }
        catch (InvalidDataException failure)
        {
            throw Stop(done, failure.Message);
        }
        catch (OperationCanceledException)
        {
            SaveStopped(done);
            throw;
        }
    }

    /// <exception cref="InvalidDataException">Another process uses the folder.</exception>
    void Lock()
    {
        if (Ranks.IsFirst)
            folderLock = Folder.Lock();
    }

    /// <exception cref="InvalidDataException">The folder of a new run already has one.</exception>
    void RequireNoRun()
    {
        if (Ranks.IsFirst && Folder.HasStarted)
            throw new InvalidDataException(
                $"{Folder.Path} already has a run; resume it with `attune train {Folder.Path}`, or set another run.output");
    }

    /// <summary>Called when data and models are loaded, so that a run that cannot begin leaves no folder.</summary>
    void CreateFolder()
    {
        Ranks.Wait();                                            // another rank may not have looked yet whether there is a run
        if (!Ranks.IsFirst)
            return;
        if (recipe is not null)
        {
            Lock();
            RequireNoRun();
            WriteData();
            foreach (var (path, write) in unwritten)
                AtomicWrite.File(path, write);
        }
        AtomicWrite.File(Folder.Started, Started.ToString("O", CultureInfo.InvariantCulture) + "\n");
        if (recipe is not null)
            AtomicWrite.File(Folder.Recipe, recipe);
    }

    /// <summary>Null for a run that has not started, or of a version that did not keep the time.</summary>
    static DateTime? ReadStarted(RunFolder folder) => folder.HasStarted && File.Exists(folder.Started)
        && DateTime.TryParse(InputFile.ReadText(folder.Started), CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time
            : null;

    /// <summary>Called before the first step; a run that may be rolled back saves it.</summary>
    void Begin(int total, Func<EvaluationResult> evaluate)
    {
        if (health?.Options.Act == HealthAct.RollBack)
            SaveCheckpoint(0);
        Evaluate(0, total, evaluate);
    }

    string HowToResume =>
        Method == CustomLoop.Method ? "run its program again to resume it" : $"resume it with `attune train {Folder.Path}`";

    /// <summary>Saves a run that is stopped after a step.</summary>
    internal void SaveStopped(int done)
    {
        WriteCheckpoint(done);
        display.End($"stopped after step {done}, saved; {HowToResume}");
    }

    void StopIfCancelled(int done, CancellationToken cancellation)
    {
        if (!Ranks.Any(cancellation.IsCancellationRequested))
            return;
        SaveStopped(done);
        throw new OperationCanceledException(cancellation);
    }

    void Finish(TrainingStep step)
    {
        skippedInARow = step.Skipped is null || step.Updates > 0 ? 0 : skippedInARow + 1;
        if (step.Skipped is not null)
            Warn($"{(step.Updates > 0 ? "an update of " : "")}step {step.Number} was skipped: {step.Skipped}");
        LogMetrics(step.Number, step.Metrics);
        display.Step(step.Number, step.Metrics, health is null ? Summarize(step.Metrics) : $"{Summarize(step.Metrics)}, {health.Summary}");
        if (skippedInARow == SkippedStepsInARow)
            throw new TrainingStoppedException(
                $"{SkippedStepsInARow} steps in a row were skipped ({step.Skipped}); the last good checkpoint is in {Folder.Checkpoints}. "
                + "Try a smaller learning rate or other data.");
    }

    /// <summary>
    /// Collects young objects after some megabytes. By itself .NET first fills a young generation that is larger than the processor's
    /// cache, so that a process grows by tens of megabytes in its first hundred steps.
    /// </summary>
    void CollectGarbage()
    {
        var allocated = GC.GetTotalAllocatedBytes();
        if (allocated - allocatedBefore < GarbageToCollect)
            return;
        allocatedBefore = allocated;
        GC.Collect(0, GCCollectionMode.Forced, blocking: true);
    }

    /// <summary>Restores the best state, where one was kept, to save the model of it.</summary>
    void TakeBest()
    {
        if (best is not { } kept)
            return;
        var last = Ranks.Once(() => RunRecord.Read(Folder).Metrics.First(metric => metric.Name == bestBy).Points[^1]);
        Restore(() =>
        {
            checkpoints.LoadBest(states);
            return kept.Step;
        });
        Notice($"the model is that of step {kept.Step}, with the highest {bestBy}: {NumberFormat.Number(kept.Value)}"
            + (last.X == kept.Step ? "" : $", compared with {NumberFormat.Number(last.Y)} after step {last.X}"));
    }
}
