using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Keeps likeliest tokens until their terms of the entropy reach this share of it; only the 100 likeliest are looked at.
/// Baghaei Potraghloo et al. 2025, https://arxiv.org/abs/2509.02510
/// </summary>
public sealed class TopHFilter(double share) : ILogitsFilter
{
    const int Candidates = 100;

    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var top = logits.TopK(Math.Min(Candidates, logits.Size(-1))).Values;                        // (B, K), likeliest first
        var logprobs = top.LogSoftmax(-1);
        var terms = -(logprobs.Exp() * logprobs.Clamp(float.MinValue, null)).CumSum(-1);
        var kept = terms.LessOrEqual(Entropy.FromLogprobs(logprobs) * share).To(DType.Int64).Sum(-1, keepDim: true);
        return logits.MaskedFill(logits < top.Gather(-1, (kept - 1).Clamp(0, null)), double.NegativeInfinity);
    }
}
