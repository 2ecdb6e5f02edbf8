using Attune.Models;
using Attune.Models.Adapters;
using Attune.Torch;
using Attune.Torch.Distributed;

namespace Attune.Generation;

/// <summary>
/// Samples responses to prompts in batches with a KV cache. A prompt is read once for all of its responses, and rows that have ended make
/// room for waiting ones. What is sampled for a row follows from the seed and the row's index, not from the other rows of its batch.
/// Works on token ids only.
/// </summary>
/// <param name="model">The model that generates.</param>
/// <param name="padId">Pads prompts on the left. Any token will do: it is masked.</param>
/// <param name="eosIds">Tokens that end a response; if empty, responses have the maximum length.</param>
public sealed class TextGenerator(LanguageModel model, int padId, IReadOnlyList<int> eosIds) : ITextGenerator
{
    /// <summary>The maximum number of rows that grow at the same time.</summary>
    public int BatchRows { get; init; } = 128;

    /// <summary>The fewest rows of a worker: with fewer, reading the weights costs more than the arithmetic.</summary>
    internal const int RowsOfWorker = 16;

    /// <summary>
    /// Share the rows, each with a batch of its own, where there are 16 or more for each or several ranks; otherwise the threads share each
    /// operator.
    /// </summary>
    public IWorkers Workers { get; init; } = WorkerThreads.Single;

    /// <summary>Called with every sampled token; useful for a single response.</summary>
    public Action<int>? OnToken { get; init; }

    /// <summary>
    /// Returns the stop string that a response ends with, if any; the response ends there. Workers call it at the same time.
    /// </summary>
    public Func<TokenHistory, string?>? FindStopString { get; init; }

    /// <summary>
    /// Filters in addition to those of the options, applied after the penalties and before temperature. Workers call them at the same time.
    /// </summary>
    public IReadOnlyList<ILogitsFilter> Filters { get; init; } = [];

    /// <summary>
    /// Number of tokens after which the host waits for the device and checks which rows have ended: 1 on a CPU, where waiting is free;
    /// more on a GPU, where keeping the queue full is worth more than dropping ended rows early. Always 1 when each token is needed at
    /// once (penalties, other filters, <see cref="OnToken"/>).
    /// </summary>
    public int StopCheckInterval { get; init; } = model.Device.Type == DeviceType.Cpu ? 1 : 16;

    /// <inheritdoc/>
    public IReadOnlyList<Response> Generate(
        IReadOnlyList<int[]> prompts, SamplingOptions options, RandomSource random, int samples = 1,
        CancellationToken cancellation = default)
    {
        options = AdvantageFilter.Resolve(options, model);
        var filters = Filters.Concat(AdvantageFilter.From(options, model));
        var chain = new SamplingChain(options, eosIds, [.. filters], GuidanceFilter.From(options, model, padId));
        var seed = chain.IsGreedy ? 0 : random.NextSeed();
        var rows = Enumerable.Range(0, prompts.Count * samples)
            .Select(row => new GenerationRow(prompts[row / samples], RowDraws.SeedOf(seed, row))).ToArray();
        if (rows.Length == 0)
            return [];
        var isShared = Ranks.AreMany || rows.Length >= RowsOfWorker * Workers.Count;
        var workers = OnToken is null && isShared ? Workers : WorkerThreads.Single;
        var adapterOff = Lora.IsDisabled;                          // of this thread
        return [.. workers.Map([.. rows.Chunk((rows.Length + workers.Count - 1) / workers.Count)], Generate).SelectMany(share => share)];

        Response[] Generate(GenerationRow[] share)
        {
            using var off = Lora.Disable(adapterOff);
            using var noGrad = Autograd.NoGrad();
            using var scope = TensorScope.Open();
            var waiting = new Queue<GenerationRow>(share);
            while (waiting.Count > 0)
                GenerateBatch(waiting, Math.Max(1, BatchRows / workers.Count), options, chain, cancellation);
            return Array.ConvertAll(share, row => row.ToResponse());
        }
    }

    /// <summary>Generates until all rows of a batch have ended, among them waiting rows that have joined it.</summary>
    void GenerateBatch(
        Queue<GenerationRow> waiting, int maxRows, SamplingOptions options, SamplingChain chain, CancellationToken cancellation)
    {
        var first = Take(waiting, maxRows);
        using var state = Read(first, options.MaxNewTokens);
        var rows = new GenerationRows(first) { OnToken = OnToken, FindStopString = FindStopString };
        using var batch = chain.Begin(rows.Histories);
        using var draws = chain.IsGreedy ? null : new RowDraws(model.Device, first.Select(row => row.Seed));
        var sampler = new Sampler(batch.Chain);
        var interval = chain.NeedsHistory || OnToken is not null ? 1 : StopCheckInterval;
        var lastStep = first.Max(row => row.MaxLength);
        for (var step = 1; ; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = TensorScope.Open();
            var (tokens, logprobs) = sampler.Draw(state.Logits(), new(rows.Histories, state.Hidden), draws?.Next());      // (B), (B)
            rows.Add(tokens, logprobs, state.Values());
            if (step == lastStep || step % interval == 0)
                rows.Read(eosIds);
            if (step == lastStep || !rows.AnyLive)
                break;
            var live = rows.Compact();
            if (live is not null)
            {
                state.Select(live);
                batch.Select(live);
                draws?.Select(live);
                tokens = tokens.IndexSelect(0, Tensor.From(live, live.Length).To(model.Device));
            }
            state.Read(tokens);
            if (live is not null && waiting.Count > 0 && state.CanJoin && !batch.HasRowState)
                lastStep = Math.Max(lastStep, step + Join(Take(waiting, maxRows - live.Length), step, lastStep));
        }

        int Join(GenerationRow[] joining, int step, int last)
        {
            using var added = Read(joining, options.MaxNewTokens);
            var longest = joining.Max(row => row.MaxLength);
            state.Join(added, Math.Max(last - step, longest));
            rows.Join(joining);
            draws?.Add(joining.Select(row => row.Seed));
            return longest;
        }
    }

    /// <summary>Reads the prompts of rows, one that several neighbouring rows share only once.</summary>
    DecoderState Read(GenerationRow[] rows, int maxNewTokens)
    {
        var promptOfRow = new long[rows.Length];
        var prompts = new List<int[]>();
        foreach (var (at, row) in rows.Index())
        {
            if (at == 0 || row.Prompt != rows[at - 1].Prompt)
                prompts.Add(row.Prompt);
            promptOfRow[at] = prompts.Count - 1;
        }
        var state = new DecoderState(model, [.. prompts], padId, maxNewTokens);
        foreach (var (at, row) in rows.Index())
            row.Begin(state.Begin((int)promptOfRow[at]), state.RoomOf((int)promptOfRow[at]));
        if (prompts.Count < rows.Length)
            state.Select(promptOfRow);
        return state;
    }

    static GenerationRow[] Take(Queue<GenerationRow> waiting, int count)
    {
        var taken = new GenerationRow[Math.Min(count, waiting.Count)];
        for (var i = 0; i < taken.Length; i++)
            taken[i] = waiting.Dequeue();
        return taken;
    }
}
