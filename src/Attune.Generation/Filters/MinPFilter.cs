using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Keeps tokens with at least this share of the likeliest one's probability, and at least <paramref name="keep"/> of them.
/// Nguyen et al. 2024, https://arxiv.org/abs/2407.01082
/// </summary>
public sealed class MinPFilter(double share, int keep = 1) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var probabilities = logits.Softmax(-1);
        return logits.Remove(probabilities < probabilities.Max(-1, keepDim: true) * share, keep);
    }
}
