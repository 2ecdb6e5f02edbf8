using Attune.Models;
using Attune.Models.Adapters;
using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Samples from the geometric mixture of a policy and a reference, π^(1 − c) π_ref^c without its constant. Munos et al. 2023, section 6.1,
/// https://arxiv.org/abs/2312.00886. The reference reads each response too, with a cache of its own.
/// </summary>
/// <param name="reference">The reference.</param>
/// <param name="coef">c, from 0 (the policy) to 1 (the reference).</param>
/// <param name="padId">Pads prompts on the left.</param>
/// <param name="maxNewTokens">The maximum length of a response.</param>
/// <param name="adapterOff">Whether the reference is the model with its adapter switched off.</param>
public sealed class MixtureFilter(LanguageModel reference, double coef, int padId, int maxNewTokens, bool adapterOff = false)
    : ILogitsFilter
{
    /// <summary>A filter for a batch, whose reference has read the prompts.</summary>
    public ILogitsFilter Begin(IReadOnlyList<TokenHistory> rows) =>
        new Batch(this, new(reference, rows, padId, maxNewTokens, adapterOff));

    /// <summary>Mixes the logits of given responses; the reference reads the same tokens.</summary>
    /// <exception cref="InvalidOperationException">The context cannot compute the logits of another model.</exception>
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var logitsOf = context.LogitsOf
            ?? throw new InvalidOperationException("the context has no LogitsOf, by which the reference reads the responses");
        using var off = Lora.Disable(adapterOff);
        return Mix(logits, logitsOf(reference));
    }

    /// <summary>(B, V): forbidden tokens stay forbidden.</summary>
    Tensor Mix(Tensor logits, Tensor refLogits) => Tensor.Where(logits.IsFinite(), logits * (1 - coef) + refLogits * coef, logits);

    sealed class Batch(MixtureFilter filter, SecondModel reference) : ILogitsFilter, IDisposable
    {
        public Tensor Apply(Tensor logits, LogitsContext context) => filter.Mix(logits, reference.Logits(context));

        public void Select(long[] rows) => reference.Select(rows);

        public void Dispose() => reference.Dispose();
    }
}
