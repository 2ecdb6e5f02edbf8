using Attune.Models;
using Attune.Torch;

namespace Attune.Generation.Scheduling;

/// <summary>
/// Generates responses to many requests at the same time: between two tokens new requests join a batch and responses that have ended leave
/// it (continuous batching; Yu et al. 2022, https://www.usenix.org/conference/osdi22/presentation/yu). On a CPU, several workers share the
/// responses, each with a batch and a thread of its own.
/// </summary>
public sealed class BatchScheduler : IDisposable
{
    readonly IReadOnlyList<int> eosIds;
    readonly SchedulerOptions options;
    readonly long cacheTokens;
    readonly int threads;                                          // of the one worker that is busy
    readonly Lock queueing = new();
    readonly Queue<TokenStream[]> queue = new();
    readonly SemaphoreSlim pausing = new(1);
    readonly BatchWorker[] workers;
    TaskCompletionSource? whenPaused;                              // null while responses may begin
    int parked;                                                    // workers that wait for the end of the pause
    bool isAborting;
    int waiting;
    volatile bool isStopping;

    /// <param name="model">The model; it may change while responses are paused.</param>
    /// <param name="padId">Fills shorter prompts; any token will do.</param>
    /// <param name="eosIds">Tokens that end a response.</param>
    /// <param name="options">Limits.</param>
    public BatchScheduler(LanguageModel model, int padId, IReadOnlyList<int> eosIds, SchedulerOptions? options = null)
    {
        (Model, PadId, this.eosIds, this.options) = (model, padId, eosIds, options ?? new());
        var rows = this.options.MaxRows * Math.Min(2048L, model.Backbone.ContextLength);
        cacheTokens = Math.Max(model.Backbone.ContextLength, this.options.MaxCacheTokens > 0 ? this.options.MaxCacheTokens : rows);
        threads = TorchLibrary.Threads;
        var count = model.Device.Type == DeviceType.Cpu ? Math.Clamp(this.options.MaxRows / TextGenerator.RowsOfWorker, 1, threads) : 1;
        workers = [.. Enumerable.Range(0, count).Select(index => new BatchWorker(this, index))];
        foreach (var worker in workers)
            worker.Start();
    }

    /// <summary>The model that responds. Set it while responses are paused only.</summary>
    public LanguageModel Model { get; set; }

    /// <summary>A name of the model's weights, which responses report. Set it while responses are paused only.</summary>
    public string WeightVersion { get; set; } = "default";

    /// <summary>Responses that wait for a place in a batch.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>Responses in a batch.</summary>
    public int Running => workers.Sum(worker => worker.Rows);

    internal int PadId { get; }

    internal bool IsStopping => isStopping;

    /// <summary>Queues a request. Its responses are generated as soon as there is a place in a batch, in the order of requests.</summary>
    /// <returns>A stream for each sample. Dispose of them.</returns>
    /// <exception cref="InvalidDataException">The prompt is empty, or leaves no space in the context.</exception>
    /// <exception cref="QueueFullException">Too many responses wait.</exception>
    /// <exception cref="ObjectDisposedException">The scheduler was stopped.</exception>
    public IReadOnlyList<TokenStream> Start(TokenRequest request)
    {
        if (request.Samples < 1)
            throw new InvalidDataException($"the number of responses must be at least 1 (was {request.Samples})");
        int[] prefix = Model.Backbone.StartToken is { } start ? [start] : request.Prompt;
        var room = Room(request, prefix.Length);
        TokenStream[] streams = [.. Enumerable.Range(0, request.Samples).Select(sample =>
            new TokenStream(request, new(request.Prompt, prefix), room, eosIds, sample))];
        lock (queueing)
        {
            ObjectDisposedException.ThrowIf(isStopping, this);
            if (waiting + streams.Length > options.MaxWaiting + options.MaxRows - Running)
                throw new QueueFullException(options.MaxWaiting);
            foreach (var chunk in streams.Chunk(options.MaxRows / workers.Length))
                queue.Enqueue(chunk);
            waiting += streams.Length;
        }
        Wake();
        return streams;
    }

    /// <summary>
    /// Waits until the running responses have ended, while others wait. Until the result is disposed, nothing uses the model, and no
    /// response begins.
    /// </summary>
    /// <param name="abort">Whether to end the running responses with a <see cref="ResponseAbortedException"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ObjectDisposedException">The scheduler was stopped.</exception>
    public async Task<IDisposable> PauseAsync(bool abort = false, CancellationToken cancellation = default)
    {
        await pausing.WaitAsync(cancellation).ConfigureAwait(false);
        var paused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            lock (queueing)
            {
                ObjectDisposedException.ThrowIf(isStopping, this);
                (whenPaused, isAborting, parked) = (paused, abort, 0);
            }
            Wake();
            await paused.Task.WaitAsync(cancellation).ConfigureAwait(false);
            return new Pause(this);
        }
        catch
        {
            Resume();
            throw;
        }
    }

    void Resume()
    {
        lock (queueing)
            whenPaused = null;
        Wake();
        pausing.Release();
    }

    /// <summary>Cancels all responses and waits for the current token. The model is not freed.</summary>
    public void Dispose()
    {
        lock (queueing)
            isStopping = true;
        Wake();
        foreach (var worker in workers)
            worker.Join();
        foreach (var stream in queue.SelectMany(streams => streams))
            stream.Fail(new OperationCanceledException("generation was stopped"));
        _ = whenPaused?.TrySetException(new ObjectDisposedException(nameof(BatchScheduler)));
    }

    int Room(TokenRequest request, int prefix)
    {
        var context = Model.Backbone.ContextLength;
        if (request.Prompt.Length == 0)
            throw new InvalidDataException("the prompt is empty; it must have at least one token");
        return Math.Max(request.Prompt.Length + 1, prefix + 1) <= context
            ? (int)Math.Min(request.Options.MaxNewTokens, context - prefix)
            : throw new InvalidDataException(
                $"the prompt has {request.Prompt.Length} tokens, which leaves no space for a response in a context of {context} tokens");
    }

    /// <summary>Wakes the workers that wait.</summary>
    internal void Wake()
    {
        foreach (var worker in workers)
            worker.Wake();
    }

    /// <summary>
    /// Runs a step of a worker. Schedulers with one worker take turns on the device. Several workers have a thread each; one that is busy
    /// alone divides its operators among all threads.
    /// </summary>
    internal void Run(BatchWorker worker, Action step)
    {
        if (workers.Length == 1)
            lock (options.Device)
                step();
        else
        {
            worker.SetThreads(workers.Count(other => other == worker || other.Rows > 0) > 1 ? 1 : threads);
            step();
        }
    }

    /// <summary>Waits while responses are paused, if the worker's responses have ended.</summary>
    /// <returns>Whether the worker waited; the model may be another one.</returns>
    internal bool Park(BatchWorker worker, RunningBatch batch)
    {
        TaskCompletionSource? paused;
        lock (queueing)
        {
            paused = whenPaused;
            if (paused is null)
                return false;
            if (isAborting)
                batch.Fail(new ResponseAbortedException());
            if (batch.Count > 0)
                return false;
            if (++parked == workers.Length)
                _ = paused.TrySetResult();
        }
        while (!isStopping && Volatile.Read(ref whenPaused) == paused)
            worker.Wait();
        return true;
    }

    /// <summary>Takes the requests from the queue that fit into a worker's batch, in their order.</summary>
    internal List<TokenStream[]> Admit(BatchWorker worker, RunningBatch batch)
    {
        var (admitted, prompts) = (new List<TokenStream[]>(), 0);
        if (Waiting == 0)
            return admitted;
        lock (queueing)
            while (whenPaused is null && queue.TryPeek(out var next))
            {
                var live = Array.FindAll(next, stream => !stream.HasEnded);
                if (live.Length > 0 && !Fits(live))
                    break;
                _ = queue.Dequeue();
                waiting -= next.Length;
                if (live.Length == 0)
                    continue;
                foreach (var stream in live)
                    stream.WeightVersion = WeightVersion;
                admitted.Add(live);
                worker.Rows += live.Length;
                worker.CacheTokens = batch.CacheTokensWith([.. admitted.SelectMany(all => all)]);
                prompts += live[0].Request.Prompt.Length;
            }
        return admitted;

        bool Fits(TokenStream[] streams) => Running is var running
            && running + streams.Length <= options.MaxRows && worker.Rows < Share(worker, running)
            && (admitted.Count == 0 || prompts + streams[0].Request.Prompt.Length <= options.PrefillTokens)
            && (running == 0 || CacheTokensWith(streams) <= cacheTokens);

        long CacheTokensWith(TokenStream[] streams) => batch.CacheTokensWith([.. admitted.SelectMany(all => all), .. streams])
            + workers.Sum(other => other == worker ? 0 : other.CacheTokens);
    }

    /// <summary>The rows up to which a worker takes more, so that each has as many as the others, or one has all if they are few.</summary>
    int Share(BatchWorker worker, int running)
    {
        var rows = Math.Min(running + waiting, options.MaxRows);
        var sharing = Math.Clamp(rows / TextGenerator.RowsOfWorker, 1, workers.Length);
        return worker.Index < sharing ? (rows + sharing - 1) / sharing : 0;
    }

    sealed class Pause(BatchScheduler scheduler) : IDisposable
    {
        BatchScheduler? paused = scheduler;

        public void Dispose() => Interlocked.Exchange(ref paused, null)?.Resume();
    }
}
