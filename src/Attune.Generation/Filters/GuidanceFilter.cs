using Attune.Models;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Classifier-free guidance: log-probabilities c after the prompt and u after a negative prompt become u + scale (c − u). The model
/// reads each response a second time, after the negative prompt. Sanchez et al. 2023, https://arxiv.org/abs/2306.17806
/// </summary>
/// <param name="model">The model that generates.</param>
/// <param name="padId">Pads negative prompts on the left.</param>
/// <param name="options">The scale, the negative prompt and the maximum length of a response.</param>
public sealed class GuidanceFilter(LanguageModel model, int padId, SamplingOptions options) : ILogitsFilter
{
    /// <summary>The filter for the options; null when guidance is off.</summary>
    internal static GuidanceFilter? From(SamplingOptions options, LanguageModel model, int padId) =>
        options.GuidanceScale == 1 ? null : new(model, padId, options);

    /// <summary>u + scale (c − u), for logits or log-probabilities.</summary>
    /// <param name="conditional">(B, V): c</param>
    /// <param name="unconditional">(B, V): u</param>
    /// <param name="scale">1 gives c; above 1 moves away from u.</param>
    public static Tensor Combine(Tensor conditional, Tensor unconditional, double scale) =>
        unconditional + (conditional - unconditional) * scale;

    /// <summary>A filter for a batch, which has read the negative prompt, or the last token of every prompt if there is none.</summary>
    /// <exception cref="InvalidDataException">
    /// The context has less space for a response after the negative prompt than after the prompts.
    /// </exception>
    public ILogitsFilter Begin(IReadOnlyList<TokenHistory> rows)
    {
        var negative = options.NegativePromptIds;
        int[][] prompts = negative.Count > 0 ? [[.. negative]] : [.. rows.Select(row => (int[])[row.Source[^1]])];
        var state = new DecoderState(model, prompts, padId, options.MaxNewTokens);
        var room = Math.Min(options.MaxNewTokens, model.Backbone.ContextLength - rows.Max(row => row.Text.Count));
        if (state.RoomOf(0) < room)
        {
            state.Dispose();
            throw new InvalidDataException(
                $"the negative prompt has {negative.Count} tokens, which leaves space for a response of {state.RoomOf(0)} tokens, "
                + $"but the prompts leave space for {room}; "
                + "shorten it");
        }
        if (negative.Count > 0)
            state.Select(new long[rows.Count]);
        return new Batch(state, options.GuidanceScale);
    }

    /// <exception cref="InvalidOperationException">
    /// Always: only the filter that <see cref="Begin"/> returns has read a negative prompt.
    /// </exception>
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        throw new InvalidOperationException(
            "guidance works in generation only: it compares responses with those after a negative prompt as they grow");

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
