using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Keeps the most likely tokens while their terms of the entropy sum to at most <paramref name="topH"/> of it. Considers only the 100
/// most likely tokens. Baghaei Potraghloo et al. 2025, https://arxiv.org/abs/2509.02510
/// </summary>
public sealed class TopHFilter(double topH) : ILogitsFilter
{
    const int Candidates = 100;

    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var top = logits.TopK(Math.Min(Candidates, logits.Size(-1))).Values;                        // (B, K), most likely first
        var logprobs = top.LogSoftmax(-1);
        var terms = -(logprobs.Exp() * logprobs.Clamp(float.MinValue, null)).CumSum(-1);
        var kept = terms.LessOrEqual(Entropy.FromLogprobs(logprobs) * topH).To(DType.Int64).Sum(-1, keepDim: true);
        return logits.MaskedFill(logits < top.Gather(-1, (kept - 1).Clamp(0, null)), double.NegativeInfinity);
    }
}
