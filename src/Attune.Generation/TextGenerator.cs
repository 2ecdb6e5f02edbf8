using Attune.Models;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Samples answers to prompts, many rows at once over a key–value cache. A prompt is read once, however many answers it gets.
/// Knows token ids only.
/// </summary>
/// <param name="model">The model that answers.</param>
/// <param name="padId">Fills prompts on the left; any token will do, it is masked.</param>
/// <param name="eosIds">Any of these ends an answer; with none only the length does.</param>
public sealed class TextGenerator(LanguageModel model, int padId, IReadOnlyList<int> eosIds) : ITextGenerator
{
    /// <summary>The most rows that are sampled at once.</summary>
    public int BatchRows { get; init; } = 128;

    /// <summary>Told of every token as it is drawn; of use where one answer is given.</summary>
    public Action<int>? OnToken { get; init; }

    /// <summary>The stop string that an answer has come to, if any: it ends there.</summary>
    public Func<TokenHistory, string?>? FindStopString { get; init; }

    /// <summary>Filters beyond those of the options; they come after the penalties and before temperature.</summary>
    public IReadOnlyList<ILogitsFilter> Filters { get; init; } = [];

    /// <summary>
    /// Tokens between two looks at which rows have ended, for which the host waits: each one on a CPU, where waiting costs nothing; few
    /// on a GPU, where rows that have ended are worth less than a queue that never runs dry. Whatever needs the tokens at once (penalties,
    /// other filters, <see cref="OnToken"/>) is told each; where answers have a fixed length nobody looks before the end.
    /// </summary>
    public int StopCheckInterval { get; init; } = model.Device.Type == DeviceType.Cpu ? 1 : 16;

    /// <inheritdoc/>
    public IReadOnlyList<Response> Generate(
        IReadOnlyList<int[]> prompts, SamplingOptions options, RandomSource random, int samples = 1,
        CancellationToken cancellation = default)
    {
        var chain = new SamplingChain(options, eosIds, Filters, GuidanceFilter.From(options, model, padId));
        var completions = new List<Response>(prompts.Count * samples);
        foreach (var batch in prompts.Chunk(Math.Max(1, BatchRows / samples)))
        {
            using var noGrad = Autograd.NoGrad();
            using var scope = TensorScope.Open();
            completions.AddRange(GenerateBatch(batch, options, chain, random, samples, cancellation));
        }
        return completions;
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
        var tokensBetweenLooks = chain.NeedsHistory || OnToken is not null ? 1 : options.FixedLength ? int.MaxValue : StopCheckInterval;
        for (var step = 1; ; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = TensorScope.Open();
            var (tokens, logprobs) = sampler.Draw(state.Logits(), new(rows.Histories, state.Hidden));         // (B), (B)
            rows.Add(tokens, logprobs, state.Values());
            var isLast = step == state.Room;
            if (isLast || step % tokensBetweenLooks == 0)
                rows.Read(eosIds);
            if (isLast || !(rows.AnyLive || options.FixedLength))
                break;
            if (!options.FixedLength && rows.Compact() is { } kept)
            {
                state.Select(kept);
                batch.Select(kept);
                tokens = tokens.IndexSelect(0, Tensor.From(kept, kept.Length).To(model.Device));
            }
            state.Read(tokens);
        }
        return rows.Responses;
    }
}
