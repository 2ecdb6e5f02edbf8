using Attune.Models;
using Attune.Torch;

namespace Attune.Generation.Scheduling;

/// <summary>
/// Generates responses to many requests in one batch: a thread owns the model, and between two tokens new requests join the batch and
/// responses that have ended leave it (continuous batching; Yu et al. 2022, https://www.usenix.org/conference/osdi22/presentation/yu).
/// </summary>
public sealed class BatchScheduler : IDisposable
{
    readonly int padId;
    readonly IReadOnlyList<int> eosIds;
    readonly SchedulerOptions options;
    readonly long cacheTokens;
    readonly Lock queueing = new();
    readonly Queue<TokenStream[]> queue = new();
    readonly SemaphoreSlim work = new(0);
    readonly SemaphoreSlim pausing = new(1);
    readonly Thread loop;
    TaskCompletionSource? whenPaused;                              // null while responses may begin
    bool isAborting;
    int waiting;
    int running;
    volatile bool isStopping;

    /// <param name="model">The model; it may change while responses are paused.</param>
    /// <param name="padId">Fills shorter prompts; any token will do.</param>
    /// <param name="eosIds">Tokens that end a response.</param>
    /// <param name="options">Limits.</param>
    public BatchScheduler(LanguageModel model, int padId, IReadOnlyList<int> eosIds, SchedulerOptions? options = null)
    {
        (Model, this.padId, this.eosIds, this.options) = (model, padId, eosIds, options ?? new());
        var rows = this.options.MaxRows * Math.Min(2048L, model.Backbone.ContextLength);
        cacheTokens = Math.Max(model.Backbone.ContextLength, this.options.MaxCacheTokens > 0 ? this.options.MaxCacheTokens : rows);
        loop = new(Run) { IsBackground = true, Name = "attune generation" };
        loop.Start();
    }

    /// <summary>The model that responds. Set it while responses are paused only.</summary>
    public LanguageModel Model { get; set; }

    /// <summary>A name of the model's weights, which responses report. Set it while responses are paused only.</summary>
    public string WeightVersion { get; set; } = "default";

    /// <summary>Responses that wait for a place in the batch.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>Responses in the batch.</summary>
    public int Running => Volatile.Read(ref running);

    /// <summary>Queues a request. Its responses are generated as soon as there is a place in the batch, in the order of requests.</summary>
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
            if (waiting + streams.Length > options.MaxWaiting + options.MaxRows - running)
                throw new QueueFullException(options.MaxWaiting);
            foreach (var chunk in streams.Chunk(options.MaxRows))
                queue.Enqueue(chunk);
            waiting += streams.Length;
        }
        work.Release();
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
                (whenPaused, isAborting) = (paused, abort);
            }
            work.Release();
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
        work.Release();
        pausing.Release();
    }

    /// <summary>Cancels all responses and waits for the current token. The model is not freed.</summary>
    public void Dispose()
    {
        lock (queueing)
            isStopping = true;
        work.Release();
        if (Thread.CurrentThread != loop)
            loop.Join();
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

    void Run()
    {
        using var noGrad = Autograd.NoGrad();
        while (!isStopping)
            Serve();
        var stopped = new OperationCanceledException("generation was stopped");
        foreach (var stream in queue.SelectMany(streams => streams))
            stream.Fail(stopped);
        whenPaused?.TrySetException(new ObjectDisposedException(nameof(BatchScheduler)));
    }

    /// <summary>Generates with one model, until responses are paused or the scheduler is stopped.</summary>
    void Serve()
    {
        using var batch = new RunningBatch(Model, padId);
        while (!isStopping)
        {
            if (IsPaused(batch))
                return;
            if (batch.Count == 0 && Waiting == 0)
                work.Wait();
            try
            {
                lock (options.Device)
                    Step(batch);
            }
            catch (Exception error)
            {
                batch.Fail(error);
            }
            Volatile.Write(ref running, batch.Count);
        }
        batch.Fail(new OperationCanceledException("generation was stopped"));
    }

    /// <summary>Whether responses were paused and may begin again.</summary>
    bool IsPaused(RunningBatch batch)
    {
        if (Volatile.Read(ref whenPaused) is not { } paused)
            return false;
        if (isAborting)
            batch.Fail(new ResponseAbortedException());
        if (batch.Count > 0)
            return false;
        _ = paused.TrySetResult();
        while (!isStopping && Volatile.Read(ref whenPaused) == paused)
            work.Wait();
        return true;
    }

    void Step(RunningBatch batch)
    {
        if (Admit(batch) is { Count: > 0 } requests)
            Read(batch, requests);
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

    /// <summary>Takes the requests from the queue that fit into the batch, in their order.</summary>
    List<TokenStream[]> Admit(RunningBatch batch)
    {
        var (admitted, rows, prompts) = (new List<TokenStream[]>(), batch.Count, 0);
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
                rows += live.Length;
                prompts += live[0].Request.Prompt.Length;
            }
        return admitted;

        bool Fits(TokenStream[] streams) => rows + streams.Length <= options.MaxRows
            && (admitted.Count == 0 || prompts + streams[0].Request.Prompt.Length <= options.PrefillTokens)
            && (rows == 0 || batch.CacheTokensWith([.. admitted.SelectMany(all => all), .. streams]) <= cacheTokens);
    }

    sealed class Pause(BatchScheduler scheduler) : IDisposable
    {
        BatchScheduler? paused = scheduler;

        public void Dispose() => Interlocked.Exchange(ref paused, null)?.Resume();
    }
}
