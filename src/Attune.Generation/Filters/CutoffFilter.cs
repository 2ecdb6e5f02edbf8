using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Removes tokens below a probability, but keeps the <paramref name="minTokensToKeep"/> most likely ones: ε-sampling, or η-sampling
/// with the bound min(ε, √ε · exp(−H)) for the entropy H. Hewitt et al. 2022, https://arxiv.org/abs/2210.15191
/// </summary>
public sealed class CutoffFilter(double epsilon, bool adaptive = false, int minTokensToKeep = 1) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var logprobs = logits.LogSoftmax(-1);
        return logits.Remove(logprobs.Exp() < Bound(logprobs), minTokensToKeep);
    }

    Tensor Bound(Tensor logprobs) => adaptive
        ? ((-Entropy.FromLogprobs(logprobs)).Exp() * Math.Sqrt(epsilon)).Clamp(null, epsilon)                 // (B, 1)
        : Tensor.Scalar(epsilon, device: logprobs.Device);
}
