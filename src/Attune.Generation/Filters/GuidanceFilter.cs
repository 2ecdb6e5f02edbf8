using Attune.Models;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Classifier-free guidance: log-probabilities c after the prompt and u after a negative prompt become u + scale (c − u). The model reads
/// each answer a second time, after the negative prompt. Sanchez et al. 2023, https://arxiv.org/abs/2306.17806
/// </summary>
/// <param name="model">The model that generates.</param>
/// <param name="padId">Fills negative prompts on the left.</param>
/// <param name="options">The scale, the negative prompt and the greatest length of an answer.</param>
public sealed class GuidanceFilter(LanguageModel model, int padId, SamplingOptions options) : ILogitsFilter
{
    /// <summary>The filter that the options ask for; null where they ask for none.</summary>
    internal static GuidanceFilter? From(SamplingOptions options, LanguageModel model, int padId) =>
        options.GuidanceScale == 1 ? null : new(model, padId, options);

    /// <summary>u + scale (c − u), for logits or log-probabilities.</summary>
    /// <param name="conditional">(B, V): c</param>
    /// <param name="unconditional">(B, V): u</param>
    /// <param name="scale">1 gives c; above 1 moves away from u.</param>
    public static Tensor Combine(Tensor conditional, Tensor unconditional, double scale) =>
        unconditional + (conditional - unconditional) * scale;

    /// <summary>A filter that has read the negative prompt, or the last token of every prompt where there is none.</summary>
    /// <exception cref="InvalidDataException">The negative prompt leaves less room for an answer than the prompts.</exception>
    public ILogitsFilter Begin(IReadOnlyList<TokenHistory> rows)
    {
        var negative = options.NegativePromptIds;
        int[][] prompts = negative.Count > 0 ? [[.. negative]] : [.. rows.Select(row => (int[])[row.Source[^1]])];
        var state = new DecoderState(model, prompts, padId, options.MaxNewTokens);
        var room = Math.Min(options.MaxNewTokens, model.Backbone.ContextLength - rows.Max(row => row.Text.Count));
        if (state.Room < room)
        {
            state.Dispose();
            throw new InvalidDataException(
                $"a negative prompt of {negative.Count} tokens leaves room for {state.Room} tokens of an answer, and the prompts for {room}; "
                + "shorten it");
        }
        if (negative.Count > 0)
            state.Select(new long[rows.Count]);
        return new Batch(state, options.GuidanceScale);
    }

    /// <exception cref="InvalidOperationException">Always: only what <see cref="Begin"/> returns has read a negative prompt.</exception>
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        throw new InvalidOperationException(
            "guidance is for generation alone: it compares the answers as they grow with those after a negative prompt");

    sealed class Batch(DecoderState state, double scale) : ILogitsFilter, IDisposable
    {
        bool hasApplied;

        public Tensor Apply(Tensor logits, LogitsContext context)
        {
            if (hasApplied)
                state.Read(Tensor.From(context.Rows.Select(row => (long)row.Text[^1]).ToArray(), context.Rows.Count).To(logits.Device));
            hasApplied = true;
            return Combine(logits.LogSoftmax(-1), state.Logits().LogSoftmax(-1), scale);
        }

        public void Select(long[] rows) => state.Select(rows);

        public void Dispose() => state.Dispose();
    }
}
