using Attune.Models;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Forbids tokens that another model, the mask policy, finds unlikely after the same tokens. Ramamurthy et al. 2023, section 4.1,
/// https://arxiv.org/abs/2210.01241. The mask policy reads each response too, with a cache of its own.
/// </summary>
/// <param name="likely">Removes unlikely tokens from the logits of the mask policy: top-p or top-k.</param>
/// <param name="keptIds">Tokens that are always allowed, such as the end-of-sequence token.</param>
/// <param name="padId">Pads prompts on the left.</param>
/// <param name="maxNewTokens">The maximum length of a response.</param>
public sealed class MaskPolicyFilter(ILogitsFilter likely, IReadOnlyList<int> keptIds, int padId, int maxNewTokens) : ILogitsFilter
{
    /// <summary>The mask policy; null to allow all tokens.</summary>
    public LanguageModel? Model { get; set; }

    /// <summary>A filter for a batch, whose mask policy has read the prompts.</summary>
    public ILogitsFilter Begin(IReadOnlyList<TokenHistory> rows) => Model is null
        ? this
        : new Batch(this, new(Model, rows, padId, maxNewTokens));

    /// <summary>Masks the logits of given responses, as in training; the mask policy reads the same tokens.</summary>
    /// <exception cref="InvalidOperationException">The context cannot compute the logits of another model.</exception>
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        if (Model is null)
            return logits;
        var logitsOf = context.LogitsOf
            ?? throw new InvalidOperationException("the context has no LogitsOf, by which the mask policy reads the responses");
        return Mask(logits, logitsOf(Model));
    }

    /// <summary>−∞ for tokens that the mask policy finds unlikely.</summary>
    /// <param name="logits">(B, V)</param>
    /// <param name="maskLogits">(B, V): those of the mask policy.</param>
    public Tensor Mask(Tensor logits, Tensor maskLogits)
    {
        var isLikely = likely.Apply(maskLogits, new([])).IsFinite();                                // (B, V)
        var isKept = new bool[logits.Size(-1)];
        foreach (var id in keptIds)
            isKept[id] = true;
        return logits.MaskedFill(!(isLikely | Tensor.From(isKept, isKept.Length).To(logits.Device)), double.NegativeInfinity);
    }

    sealed class Batch(MaskPolicyFilter filter, SecondModel mask) : ILogitsFilter, IDisposable
    {
        public Tensor Apply(Tensor logits, LogitsContext context) => filter.Mask(logits, mask.Logits(context));

        public void Select(long[] rows) => mask.Select(rows);

        public void Dispose() => mask.Dispose();
    }
}
