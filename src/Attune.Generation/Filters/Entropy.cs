using Attune.Torch;

namespace Attune.Generation;

static class Entropy
{
    /// <summary>
    /// The entropy (B, 1), in nats, of distributions given as log-probabilities (B, V). Log-probabilities of −∞ add nothing.
    /// </summary>
    public static Tensor FromLogprobs(Tensor logprobs) => -(logprobs.Exp() * logprobs.Clamp(float.MinValue, null)).Sum(-1, keepDim: true);
}
