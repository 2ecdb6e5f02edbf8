using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;

namespace Attune.Training.Algorithms;

/// <summary>Losses of a policy gradient, token by token.</summary>
public static class PolicyLosses
{
    /// <summary>
    /// max(−A r, −A clip(r, 1 − ε_low, 1 + ε_high)) of each token (Schulman et al. 2017, eq. 7, https://arxiv.org/abs/1707.06347); and at
    /// most
    /// −c A where A is below 0 (dual clip: Ye et al. 2020, eq. 5, https://arxiv.org/abs/1912.09729).
    /// </summary>
    /// <param name="ratio">r = π / π_old, of any shape.</param>
    /// <param name="advantages">A, of the same shape.</param>
    /// <param name="clipLow">ε_low</param>
    /// <param name="clipHigh">ε_high</param>
    /// <param name="dualClip">c; 0 for no limit.</param>
    public static Tensor Clipped(Tensor ratio, Tensor advantages, double clipLow, double clipHigh, double dualClip = 0)
    {
        var loss = Tensor.Maximum(-advantages * ratio, -advantages * ratio.Clamp(1 - clipLow, 1 + clipHigh));
        return dualClip == 0 ? loss : Tensor.Where(advantages < 0, Tensor.Minimum(loss, -advantages * dualClip), loss);
    }

    /// <summary>How far the policy has moved from the one that sampled the responses.</summary>
    /// <param name="logRatio">(B, T): log π − log π_old, 0 at padding.</param>
    /// <param name="mask">(B, T)</param>
    /// <param name="count">The number of tokens of the means.</param>
    /// <param name="clipLow">ε_low</param>
    /// <param name="clipHigh">ε_high</param>
    public static PolicyShift Shift(Tensor logRatio, Tensor mask, double count, double clipLow, double clipHigh)
    {
        var detached = logRatio.Detach();
        var ratio = detached.Exp();
        var isClipped = (ratio > 1 + clipHigh) | (ratio < 1 - clipLow);
        return new(Mean(detached.Square() * 0.5), Mean(isClipped.To(DType.Float32)), Mean(ratio));

        Tensor Mean(Tensor x) => Masked.Reduce(x, mask, count);
    }
}
