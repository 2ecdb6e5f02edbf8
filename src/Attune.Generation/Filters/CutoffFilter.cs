using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Removes tokens below a probability, but never the <paramref name="keep"/> likeliest: ε-sampling, or η-sampling where the bound falls
/// with the entropy H to √ε · exp(−H). Hewitt et al. 2022, https://arxiv.org/abs/2210.15191
/// </summary>
public sealed class CutoffFilter(double epsilon, bool adaptive = false, int keep = 1) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var logprobs = logits.LogSoftmax(-1);
        return logits.Remove(logprobs.Exp() < Bound(logprobs), keep);
    }

    Tensor Bound(Tensor logprobs) => adaptive
        ? ((-Entropy.FromLogprobs(logprobs)).Exp() * Math.Sqrt(epsilon)).Clamp(null, epsilon)                 // (B, 1)
        : Tensor.Scalar(epsilon, device: logprobs.Device);
}
