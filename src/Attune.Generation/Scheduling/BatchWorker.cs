using Attune.Torch;

namespace Attune.Generation.Scheduling;

/// <summary>A thread that generates some of a scheduler's responses, in a batch of their own.</summary>
sealed class BatchWorker
{
    /// <summary>
    /// The fewest steps from one reading of prompts to the next, while responses run: a few prompts together cost little more than one.
    /// </summary>
    const int StepsBetweenReadings = 4;

    readonly BatchScheduler scheduler;
    readonly object gate = new();
    readonly Thread thread;
    bool isAwake;
    int threads;
    int steps = StepsBetweenReadings;                              // since prompts were read
    volatile int rows;
    long cacheTokens;

    public BatchWorker(BatchScheduler scheduler, int index)
    {
        (this.scheduler, Index) = (scheduler, index);
        thread = new(Run) { IsBackground = true, Name = "attune generation" };
    }

    public int Index { get; }

    /// <summary>Responses in its batch, and those that it has admitted.</summary>
    public int Rows
    {
        get => rows;
        set => rows = value;
    }

    /// <summary>The most tokens that they may have, padding included.</summary>
    public long CacheTokens
    {
        get => Volatile.Read(ref cacheTokens);
        set => Volatile.Write(ref cacheTokens, value);
    }

    public void Start() => thread.Start();

    /// <summary>Ends the wait, or the next one.</summary>
    public void Wake()
    {
        lock (gate)
        {
            isAwake = true;
            Monitor.Pulse(gate);
        }
    }

    public void Wait()
    {
        lock (gate)
        {
            while (!isAwake)
                Monitor.Wait(gate);
            isAwake = false;
        }
    }

    public void Join()
    {
        if (Thread.CurrentThread != thread)
            thread.Join();
    }

    /// <summary>Sets the threads of an operator, on the worker's own thread.</summary>
    public void SetThreads(int count)
    {
        if (threads != count)
            TorchLibrary.Threads = threads = count;
    }

    void Run()
    {
        using var noGrad = Autograd.NoGrad();
        while (!scheduler.IsStopping)
            Serve();
    }

    /// <summary>Generates with one model, until responses are paused or the scheduler is stopped.</summary>
    void Serve()
    {
        using var batch = new RunningBatch(scheduler.Model, scheduler.PadId);
        while (!scheduler.IsStopping)
        {
            if (scheduler.Park(this, batch))
                return;
            try
            {
                scheduler.Run(this, () => Step(batch));
            }
            catch (Exception error)
            {
                batch.Fail(error);
            }
            var before = Rows;
            (Rows, CacheTokens) = (batch.Count, batch.CacheTokensWith([]));
            if (Rows < before && scheduler.Waiting > 0)
                scheduler.Wake();
            if (Rows == 0)
                Wait();
        }
        batch.Fail(new OperationCanceledException("generation was stopped"));
    }

    void Step(RunningBatch batch)
    {
        if ((batch.Count == 0 || ++steps >= StepsBetweenReadings) && scheduler.Admit(this, batch) is { Count: > 0 } requests)
        {
            steps = 0;
            Read(batch, requests);
        }
        if (batch.Count > 0)
            batch.Step();
    }

    static void Read(RunningBatch batch, List<TokenStream[]> requests)
    {
        try
        {
            batch.Add(requests);
        }
        catch (Exception error)
        {
            foreach (var stream in requests.SelectMany(streams => streams))
                stream.Fail(error);
            throw;
        }
    }
}
