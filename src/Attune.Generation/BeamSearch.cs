using Attune.Models;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Searches likely answers: at each token the best few beginnings are kept, over a key–value cache. Results are those of transformers 5,
/// except that filters see no padding.
/// </summary>
/// <param name="model">The model that answers.</param>
/// <param name="padId">Fills prompts on the left; any token will do, it is masked.</param>
/// <param name="eosIds">Any of these ends an answer; with none only the length does.</param>
public sealed class BeamSearch(LanguageModel model, int padId, IReadOnlyList<int> eosIds)
{
    /// <summary>The most beams that are read at once.</summary>
    public int BatchRows { get; init; } = 128;

    /// <summary>Filters beyond the penalties of the options.</summary>
    public IReadOnlyList<ILogitsFilter> Filters { get; init; } = [];

    /// <summary>The best answers to each prompt, those of one prompt side by side, the best first.</summary>
    /// <param name="prompts">In tokens.</param>
    /// <param name="options">Beams and scores.</param>
    /// <param name="sampling">The greatest length, and penalties, which change log-probabilities here; no draw is shaped.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="InvalidDataException">A prompt is empty, or leaves no room for an answer in the model's context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<BeamResponse> Search(
        IReadOnlyList<int[]> prompts, BeamOptions options, SamplingOptions sampling, CancellationToken cancellation = default)
    {
        var guidance = GuidanceFilter.From(sampling, model, padId);
        var chain = new SamplingChain(sampling.WithoutShaping(), eosIds, Filters, guidance);
        var answers = new List<BeamResponse>(prompts.Count * options.Answers);
        foreach (var batch in prompts.Chunk(Math.Max(1, BatchRows / options.Beams)))
        {
            using var noGrad = Autograd.NoGrad();
            using var scope = TensorScope.Open();
            var searched = SearchBatch(batch, options, sampling.MaxNewTokens, chain, cancellation);
            answers.AddRange(searched.SelectMany(prompt => prompt.Answers));
        }
        return answers;
    }

    IReadOnlyList<PromptBeams> SearchBatch(
        int[][] prompts, BeamOptions options, int maxNewTokens, SamplingChain chain, CancellationToken cancellation)
    {
        using var state = new DecoderState(model, prompts, padId, maxNewTokens);
        state.Select([.. Enumerable.Range(0, prompts.Length * options.Beams).Select(row => (long)row / options.Beams)]);
        PromptBeams[] all = [.. prompts.Select((_, prompt) => new PromptBeams(state.Begin(prompt), options, state.Room, eosIds))];
        var live = all;
        using var filters = chain.Begin(Histories(live));
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = TensorScope.Open();
            var logprobs = filters.Chain.Apply(state.Logits().LogSoftmax(-1), new(Histories(live), state.Hidden));                // (B, V)
            Advance(live, logprobs, options.Beams);
            var rows = live.SelectMany((prompt, at) => prompt.Done ? [] : prompt.Running.Select(beam => at * options.Beams + beam.Parent));
            long[] kept = [.. rows];
            if (kept.Length == 0)
                return all;
            live = [.. live.Where(prompt => !prompt.Done)];
            state.Select(kept);
            filters.Select(kept);
            long[] tokens = [.. live.SelectMany(prompt => prompt.Running).Select(beam => (long)beam.History.Text[^1])];
            state.Read(Tensor.From(tokens, tokens.Length).To(model.Device));
        }
    }

    /// <summary>Gives every prompt the likeliest continuations of its beams; so many that enough go on when all that can end do.</summary>
    void Advance(PromptBeams[] prompts, Tensor logprobs, int beams)
    {
        float[] running = [.. prompts.SelectMany(prompt => prompt.Running).Select(beam => beam.Score)];
        var scores = Tensor.From(running, running.Length, 1).To(logprobs.Device);
        var vocabulary = logprobs.Size(-1);
        var count = (int)Math.Min(Math.Max(2, 1 + eosIds.Count) * beams, beams * vocabulary);
        var (best, places) = (logprobs + scores).Reshape(prompts.Length, -1).TopK(count);                                // (N, count)
        var candidates = best.ToArray<float>().Zip(
            places.ToArray<long>(), (score, place) => new PromptBeams.Candidate(score, place / vocabulary, (int)(place % vocabulary)));
        foreach (var (prompt, own) in prompts.Zip(candidates.Chunk(count)))
            prompt.Advance(own);
    }

    static TokenHistory[] Histories(PromptBeams[] prompts) =>
        [.. prompts.SelectMany(prompt => prompt.Running).Select(beam => beam.History)];
}
