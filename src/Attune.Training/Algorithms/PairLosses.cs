using Attune.Torch;

namespace Attune.Training.Algorithms;

/// <summary>Losses of a difference between the chosen and the rejected response of a pair, of any shape.</summary>
static class PairLosses
{
    /// <summary>−(1 − ε) log σ(x) − ε log σ(−x)</summary>
    /// <param name="x">The difference of the rewards.</param>
    /// <param name="labelSmoothing">ε</param>
    public static Tensor Sigmoid(Tensor x, double labelSmoothing = 0) =>
        labelSmoothing == 0 ? -x.LogSigmoid() : x * labelSmoothing - x.LogSigmoid();               // log σ(−x) = log σ(x) − x

    /// <summary>max(0, 1 − x)</summary>
    public static Tensor Hinge(Tensor x) => (1 - x).Relu();

    /// <summary>(x − 1/(2β))². Azar et al. 2023, eq. 17, https://arxiv.org/abs/2310.12036</summary>
    /// <param name="x">The difference of log-probabilities.</param>
    /// <param name="beta">β</param>
    public static Tensor Ipo(Tensor x, double beta) => (x - 1 / (2 * beta)).Square();
}
