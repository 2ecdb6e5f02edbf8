using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Keeps tokens with at least <paramref name="minP"/> times the probability of the most likely one, and at least
/// <paramref name="minTokensToKeep"/> tokens. Nguyen et al. 2024, https://arxiv.org/abs/2407.01082
/// </summary>
public sealed class MinPFilter(double minP, int minTokensToKeep = 1) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var probabilities = logits.Softmax(-1);
        return logits.Remove(probabilities < probabilities.Max(-1, keepDim: true) * minP, minTokensToKeep);
    }
}
