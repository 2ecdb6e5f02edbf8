using Attune.Models;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Beam search: at each token the topScores few partial responses are parents, with a KV cache. Results are those of transformers 5, except
/// that filters see no padding.
/// </summary>
/// <param name="model">The model that generates.</param>
/// <param name="padId">Pads prompts on the left. Any token will do: it is masked.</param>
/// <param name="eosIds">Tokens that end a response; if empty, responses have the maximum length.</param>
public sealed class BeamSearch(LanguageModel model, int padId, IReadOnlyList<int> eosIds)
{
    /// <summary>The maximum number of beams in one batch.</summary>
    public int BatchRows { get; init; } = 128;

    /// <summary>Filters in addition to those of the options.</summary>
    public IReadOnlyList<ILogitsFilter> Filters { get; init; } = [];

    /// <summary>The topScores responses to each prompt. Responses to the same prompt are adjacent, the topScores first.</summary>
    /// <param name="prompts">Token ids.</param>
    /// <param name="options">Settings of the search.</param>
    /// <param name="sampling">
    /// The maximum length, and penalties, which change log-probabilities here; temperature and truncation are ignored.
    /// </param>
    /// <param name="cancellation">Cancels the search.</param>
    /// <exception cref="InvalidDataException">A prompt is empty, or so long that no response fits into the context.</exception>
    /// <exception cref="OperationCanceledException">The search was cancelled.</exception>
    public IReadOnlyList<BeamResponse> Search(
        IReadOnlyList<int[]> prompts, BeamOptions options, SamplingOptions sampling, CancellationToken cancellation = default)
    {
        sampling = AdvantageFilter.Resolve(sampling, model);
        var guidance = GuidanceFilter.From(sampling, model, padId);
        var filters = Filters.Concat(AdvantageFilter.From(sampling, model));
        var chain = new SamplingChain(sampling.WithoutShaping(), eosIds, [.. filters], guidance);
        var responses = new List<BeamResponse>(prompts.Count * options.Answers);
        foreach (var batch in prompts.Chunk(Math.Max(1, BatchRows / options.Beams)))
        {
            using var noGrad = Autograd.NoGrad();
            using var scope = TensorScope.Open();
            var beams = SearchBatch(batch, options, sampling.MaxNewTokens, chain, cancellation);
            responses.AddRange(beams.SelectMany(prompt => prompt.Answers));
        }
        return responses;
    }

    IReadOnlyList<PromptBeams> SearchBatch(
        int[][] prompts, BeamOptions options, int maxNewTokens, SamplingChain chain, CancellationToken cancellation)
    {
        using var state = new DecoderState(model, prompts, padId, maxNewTokens);
        state.Select([.. Enumerable.Range(0, prompts.Length * options.Beams).Select(row => (long)row / options.Beams)]);
        PromptBeams[] all = [.. prompts.Select((_, prompt) => new PromptBeams(state.Begin(prompt), options, state.RoomOf(prompt), eosIds))];
        var live = all;
        using var filters = chain.Begin(Histories(live));
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = TensorScope.Open();
            var logprobs = filters.Chain.Apply(state.Logits().LogSoftmax(-1), new(Histories(live), state.Hidden));                // (B, V)
            Advance(live, logprobs, options.Beams);
            var rows = live.SelectMany((prompt, at) => prompt.Done ? [] : prompt.Running.Select(beam => at * options.Beams + beam.Parent));
            long[] parents = [.. rows];
            if (parents.Length == 0)
                return all;
            live = [.. live.Where(prompt => !prompt.Done)];
            state.Select(parents);
            filters.Select(parents);
            long[] tokens = [.. live.SelectMany(prompt => prompt.Running).Select(beam => (long)beam.History.Text[^1])];
            state.Read(Tensor.From(tokens, tokens.Length).To(model.Device));
        }
    }

    /// <summary>
    /// Advances every prompt with the most likely continuations of its beams: enough of them that all beams can continue when every
    /// candidate that can end does.
    /// </summary>
    void Advance(PromptBeams[] prompts, Tensor logprobs, int beams)
    {
        float[] running = [.. prompts.SelectMany(prompt => prompt.Running).Select(beam => beam.Score)];
        var scores = Tensor.From(running, running.Length, 1).To(logprobs.Device);
        var vocabulary = logprobs.Size(-1);
        var count = (int)Math.Min(Math.Max(2, 1 + eosIds.Count) * beams, beams * vocabulary);
        var (topScores, topIndices) = (logprobs + scores).Reshape(prompts.Length, -1).TopK(count);    // (N, count)
        var candidates = topScores.ToArray<float>().Zip(
            topIndices.ToArray<long>(), (score, index) => new PromptBeams.Candidate(score, index / vocabulary, (int)(index % vocabulary)));
        foreach (var (prompt, promptCandidates) in prompts.Zip(candidates.Chunk(count)))
            prompt.Advance(promptCandidates);
    }

    static TokenHistory[] Histories(PromptBeams[] prompts) =>
        [.. prompts.SelectMany(prompt => prompt.Running).Select(beam => beam.History)];
}
