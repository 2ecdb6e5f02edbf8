using Attune.Models;
using Attune.Torch;

namespace Attune.Generation.Scheduling;

/// <summary>Samples the next token of each row by the options of its request. Rows with equal options are sampled together.</summary>
sealed class SamplingGroups(LanguageModel model) : IDisposable
{
    const int MostIdle = 32;

    readonly Dictionary<SamplingGroup, SamplingBatch> batches = [];

    /// <summary>Samples and delivers one token for each row; rows that have ended get any token.</summary>
    /// <param name="rows">The responses, one for each row.</param>
    /// <param name="logits">(B, V)</param>
    /// <param name="hidden">(B, D)</param>
    /// <returns>(B) int64.</returns>
    public Tensor Sample(IReadOnlyList<TokenStream> rows, Tensor logits, Tensor hidden)
    {
        var tokens = new long[rows.Count];
        var live = Enumerable.Range(0, rows.Count).Where(row => !rows[row].HasEnded);
        foreach (var group in live.GroupBy(row => rows[row].Group))
        {
            int[] members = [.. group];
            try
            {
                Sample(group.Key, members, rows, logits, hidden, tokens);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                foreach (var row in members)
                    rows[row].Fail(error);
            }
        }
        return Tensor.From(tokens, tokens.Length).To(logits.Device);
    }

    public void Dispose()
    {
        foreach (var batch in batches.Values)
            batch.Dispose();
        batches.Clear();
    }

    void Sample(SamplingGroup key, int[] members, IReadOnlyList<TokenStream> rows, Tensor logits, Tensor hidden, long[] tokens)
    {
        var own = Array.ConvertAll(members, row => rows[row]);
        if (own.Length < rows.Count)
        {
            var indices = Tensor.From(Array.ConvertAll(members, row => (long)row), members.Length).To(logits.Device);
            (logits, hidden) = (logits.IndexSelect(0, indices), hidden.IndexSelect(0, indices));
        }
        var chain = BatchOf(key).Chain;
        var uniform = chain.IsGreedy ? null
            : Tensor.From(Array.ConvertAll(own, row => row.NextUniform()), own.Length, 1).To(logits.Device);
        var context = new LogitsContext(Array.ConvertAll(own, row => row.History), hidden);
        var wanted = own.Max(row => row.Request.TopLogprobs);
        var logprobs = wanted is null ? null
            : key.TemperedLogprobs ? chain.TemperedLogprobs(logits, context) : logits.LogSoftmax(-1);
        var drawn = new Sampler(chain).Draw(logits, context, uniform).Tokens.ToArray<long>();
        var reported = logprobs is null ? null : new Report(logprobs, drawn, wanted!.Value);
        for (var i = 0; i < own.Length; i++)
        {
            tokens[members[i]] = drawn[i];
            if (!own[i].HasEnded)
                own[i].Add(reported?.Of(i, own[i].Request.TopLogprobs) ?? new((int)drawn[i], float.NaN, []));
        }
    }

    SamplingBatch BatchOf(SamplingGroup key)
    {
        if (batches.TryGetValue(key, out var batch))
            return batch;
        if (batches.Count >= MostIdle)
            Dispose();
        var chain = new SamplingChain(key.Options, key.EosIds, [.. key.Filters, .. AdvantageFilter.From(key.Options, model)]);
        return batches[key] = chain.Begin([]);
    }

    /// <summary>Log-probabilities of the sampled tokens and of the most likely ones, on the host.</summary>
    sealed class Report
    {
        readonly long[] tokens;
        readonly int count;
        readonly float[] own;
        readonly float[] topLogprobs = [];
        readonly long[] topIds = [];

        public Report(Tensor logprobs, long[] tokens, int count)
        {
            (this.tokens, this.count) = (tokens, (int)Math.Min(count, logprobs.Size(1)));
            var indices = Tensor.From(tokens, tokens.Length, 1).To(logprobs.Device);
            own = logprobs.Gather(1, indices).ToArray<float>();
            if (this.count == 0)
                return;
            var (values, ids) = logprobs.TopK(this.count);                                              // (B, k)
            (topLogprobs, topIds) = (values.ToArray<float>(), ids.ToArray<long>());
        }

        public SampledToken? Of(int row, int? wanted) => wanted is not { } top ? null : new((int)tokens[row], own[row],
            [.. Enumerable.Range(row * count, Math.Min(top, count)).Select(at => new TokenLogprob((int)topIds[at], topLogprobs[at]))]);
    }
}
