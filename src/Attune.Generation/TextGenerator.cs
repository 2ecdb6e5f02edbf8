using Attune.Models;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Samples responses to prompts in batches with a KV cache. A prompt is read once for all of its responses. Works on token ids only.
/// </summary>
/// <param name="model">The model that generates.</param>
/// <param name="padId">Pads prompts on the left. Any token will do: it is masked.</param>
/// <param name="eosIds">Tokens that end a response; if empty, responses have the maximum length.</param>
public sealed class TextGenerator(LanguageModel model, int padId, IReadOnlyList<int> eosIds) : ITextGenerator
{
    /// <summary>The maximum number of rows in one batch.</summary>
    public int BatchRows { get; init; } = 128;

    /// <summary>Called with every sampled token; useful for a single response.</summary>
    public Action<int>? OnToken { get; init; }

    /// <summary>Returns the stop string that a response ends with, if any; the response ends there.</summary>
    public Func<TokenHistory, string?>? FindStopString { get; init; }

    /// <summary>Filters in addition to those of the options, applied after the penalties and before temperature.</summary>
    public IReadOnlyList<ILogitsFilter> Filters { get; init; } = [];

    /// <summary>
    /// Number of tokens after which the host waits for the device and checks which rows have ended: 1 on a CPU, where waiting is free;
    /// more on a GPU, where keeping the queue full is worth more than dropping ended rows early. Always 1 when each token is needed at
    /// once (penalties, other filters, <see cref="OnToken"/>). Responses with a fixed length are checked at the end only.
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
        var responses = new List<Response>(prompts.Count * samples);
        foreach (var batch in prompts.Chunk(Math.Max(1, BatchRows / samples)))
        {
            using var noGrad = Autograd.NoGrad();
            using var scope = TensorScope.Open();
            responses.AddRange(GenerateBatch(batch, options, chain, random, samples, cancellation));
        }
        return responses;
    }

    IEnumerable<Response> GenerateBatch(
        int[][] prompts, SamplingOptions options, SamplingChain chain, RandomSource random, int samples, CancellationToken cancellation)
    {
        using var state = new DecoderState(model, prompts, padId, options.MaxNewTokens);
        int[] promptOfRow = [.. Enumerable.Range(0, prompts.Length).SelectMany(prompt => Enumerable.Repeat(prompt, samples))];
        if (samples > 1)
            state.Select([.. promptOfRow]);
        var rows = new GenerationRows(promptOfRow.Select(state.Begin)) { OnToken = OnToken, FindStopString = FindStopString };
        using var batch = chain.Begin(rows.Histories);
        var sampler = new Sampler(batch.Chain, random);
        var stopCheckInterval = chain.NeedsHistory || OnToken is not null ? 1 : options.FixedLength ? int.MaxValue : StopCheckInterval;
        for (var step = 1; ; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = TensorScope.Open();
            var (tokens, logprobs) = sampler.Draw(state.Logits(), new(rows.Histories, state.Hidden));         // (B), (B)
            rows.Add(tokens, logprobs, state.Values());
            var isLast = step == state.Room;
            if (isLast || step % stopCheckInterval == 0)
                rows.Read(eosIds);
            if (isLast || !(rows.AnyLive || options.FixedLength))
                break;
            if (!options.FixedLength && rows.Compact() is { } liveRows)
            {
                state.Select(liveRows);
                batch.Select(liveRows);
                tokens = tokens.IndexSelect(0, Tensor.From(liveRows, liveRows.Length).To(model.Device));
            }
            state.Read(tokens);
        }
        return rows.Responses;
    }
}
