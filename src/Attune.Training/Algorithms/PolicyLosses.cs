using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;

namespace Attune.Training.Algorithms;

/// <summary>What a probability ratio π / π_old is of.</summary>
public enum RatioLevel
{
    /// <summary>A token.</summary>
    Token,

    /// <summary>
    /// A response: the geometric mean of its tokens' ratios (GSPO). Zheng et al. 2025, eq. 7, https://arxiv.org/abs/2507.18071
    /// </summary>
    Sequence,

    /// <summary>A response, with a gradient for each token (GSPO-token, eq. 14).</summary>
    SequenceToken,

    /// <summary>A response: the product of its tokens' ratios (RLOO).</summary>
    Product,
}

/// <summary>What a clip range limits.</summary>
public enum DivergenceType
{
    /// <summary>The ratio of a token.</summary>
    None,

    /// <summary>|π − π_old|, the change of a token's probability: the total variation of taking the token or not.</summary>
    BinaryTv,

    /// <summary>π_old log(π_old / π) + (1 − π_old) log((1 − π_old) / (1 − π)): the KL of taking the token or not.</summary>
    BinaryKl,
}

/// <summary>
/// Losses of a policy gradient. Each is a pure function of ratios and advantages, token by token (B, T), or response by response (B, 1)
/// where both are of responses.
/// </summary>
public static class PolicyLosses
{
    const double MinWeight = 1e-8;                                 // of VESPO's weights, as in TRL
    const double MaxLogWeight = 20;
    const double MaxRatio = 20;                                    // of DPPO, as in verl
    const double MinProbability = 1e-8;

    /// <summary>−A log π: the policy gradient. Williams 1992, REINFORCE</summary>
    public static Tensor Plain(Tensor logprobs, Tensor advantages) => -advantages * logprobs;

    /// <summary>
    /// max(−A r, −A clip(r, 1 − ε_low, 1 + ε_high)) of each token (Schulman et al. 2017, eq. 7, https://arxiv.org/abs/1707.06347); and at
    /// most −c A where A is below 0 (dual clip: Ye et al. 2020, eq. 5, https://arxiv.org/abs/1912.09729).
    /// </summary>
    /// <param name="ratio">r = π / π_old, of any shape.</param>
    /// <param name="advantages">A, of the same shape.</param>
    /// <param name="clipLow">ε_low</param>
    /// <param name="clipHigh">ε_high</param>
    /// <param name="dualClip">c; 0 for no limit.</param>
    /// <param name="maxRatio">The limit of r in −A r too (two-sided clip); 0 for none. https://arxiv.org/abs/2505.07291</param>
    public static Tensor Clipped(
        Tensor ratio, Tensor advantages, double clipLow, double clipHigh, double dualClip = 0, double maxRatio = 0)
    {
        var limited = maxRatio == 0 ? ratio : ratio.Clamp(null, maxRatio);
        var loss = Tensor.Maximum(-advantages * limited, -advantages * ratio.Clamp(1 - clipLow, 1 + clipHigh));
        return dualClip == 0 ? loss : Tensor.Where(advantages < 0, Tensor.Minimum(loss, -advantages * dualClip), loss);
    }

    /// <summary>
    /// −sg(min(r, 1 + ε_high)) A log π: every token keeps its gradient (CISPO; sg: stop-gradient). MiniMax 2025, eq. 4,
    /// https://arxiv.org/abs/2506.13585
    /// </summary>
    public static Tensor ClippedWeight(Tensor ratio, Tensor logprobs, Tensor advantages, double clipHigh) =>
        Plain(logprobs, advantages * ratio.Detach().Clamp(null, 1 + clipHigh));

    /// <summary>
    /// −sg(min(r, 20)) A log π, 0 where a token is far (DPPO). Qi et al. 2026, section 4, https://arxiv.org/abs/2602.04879
    /// </summary>
    /// <param name="ratio">r</param>
    /// <param name="logprobs">log π</param>
    /// <param name="advantages">A</param>
    /// <param name="isFar">The tokens without a gradient: <see cref="IsFar"/>.</param>
    public static Tensor Near(Tensor ratio, Tensor logprobs, Tensor advantages, Tensor isFar) =>
        ClippedWeight(ratio, logprobs, advantages, MaxRatio - 1).MaskedFill(isFar, 0);

    /// <summary>
    /// True at tokens whose probability has moved in the direction of their advantage by more than a divergence allows. Null for
    /// <see cref="DivergenceType.None"/>.
    /// </summary>
    /// <param name="logprobs">(B, T): log π</param>
    /// <param name="oldLogprobs">(B, T): log π_old</param>
    /// <param name="advantages">(B, T)</param>
    /// <param name="type">The divergence.</param>
    /// <param name="low">Its limit where a token has become less likely.</param>
    /// <param name="high">Its limit where it has become more likely.</param>
    public static Tensor? IsFar(
        Tensor logprobs, Tensor oldLogprobs, Tensor advantages, DivergenceType type, double low, double high)
    {
        if (type == DivergenceType.None)
            return null;
        var (now, old) = (logprobs.Detach().Exp(), oldLogprobs.Exp());
        var divergence = type == DivergenceType.BinaryTv ? (now - old).Abs() : BinaryKl(old, now);
        return ((advantages > 0) & (now > old) & (divergence > high)) | ((advantages < 0) & (now < old) & (divergence > low));
    }

    /// <summary>p log(p / q) + (1 − p) log((1 − p) / (1 − q))</summary>
    static Tensor BinaryKl(Tensor p, Tensor q)
    {
        return Term(p, q) + Term(1 - p, 1 - q);

        static Tensor Term(Tensor a, Tensor b) => a * (a.Clamp(MinProbability, null) / b.Clamp(MinProbability, null)).Log();
    }

    /// <summary>
    /// −A (4 / τ) σ(τ (r − 1)): a gate without corners in place of the clip (SAPO). Gao et al. 2025, https://arxiv.org/abs/2511.20347
    /// </summary>
    /// <param name="ratio">r</param>
    /// <param name="advantages">A</param>
    /// <param name="positive">τ where A is above 0.</param>
    /// <param name="negative">τ elsewhere.</param>
    public static Tensor SoftGate(Tensor ratio, Tensor advantages, double positive, double negative)
    {
        var temperature = Choose(advantages > 0, positive, negative, advantages);
        return -advantages * ((ratio - 1) * temperature).Sigmoid() * 4 / temperature;
    }

    /// <summary>
    /// −sg(φ(w)) A log π with w the product of the ratios of a response, log φ = λ + k log w − λ w (VESPO). Ratios and w are bounded as in
    /// TRL.
    /// </summary>
    /// <param name="logRatio">(B, T): log r, 0 at padding.</param>
    /// <param name="logprobs">(B, T)</param>
    /// <param name="advantages">(B, T): A, the same at all tokens of a response.</param>
    /// <param name="positive">k and λ where A is not below 0.</param>
    /// <param name="negative">k and λ elsewhere.</param>
    public static Tensor GammaWeighted(
        Tensor logRatio, Tensor logprobs, Tensor advantages, (double K, double Lambda) positive, (double K, double Lambda) negative)
    {
        var logWeight = logRatio.Detach().Clamp(-MaxLogWeight, MaxLogWeight).Sum(1, keepDim: true)
            .Clamp(Math.Log(MinWeight), MaxLogWeight);                                              // (B, 1): log w
        var isPositive = advantages.GreaterOrEqual(0);
        var lambda = Choose(isPositive, positive.Lambda, negative.Lambda, advantages);
        var logPhi = lambda + logWeight * Choose(isPositive, positive.K, negative.K, advantages) - lambda * logWeight.Exp();
        return Plain(logprobs, advantages * logPhi.Exp());
    }

    /// <summary>
    /// −A times the geometric mean of the ratios of a response, each at most e^ε_high where A is positive and at least e^−ε_low where it is
    /// negative (GMPO). Zhao et al. 2025, eq. 4, https://arxiv.org/abs/2507.20673
    /// </summary>
    /// <param name="logRatio">(B, T): log r, 0 at padding.</param>
    /// <param name="advantages">(B, T): A, the same at all tokens of a response.</param>
    /// <param name="mask">(B, T)</param>
    /// <param name="clipLow">ε_low</param>
    /// <param name="clipHigh">ε_high</param>
    /// <param name="policyMask">(B, T): the tokens that the mean is over; null for all.</param>
    /// <returns>(B, T): the same at all tokens of a response.</returns>
    public static Tensor GeometricMean(
        Tensor logRatio, Tensor advantages, Tensor mask, double clipLow, double clipHigh, Tensor? policyMask = null)
    {
        var clipped = Tensor.Where(advantages.GreaterOrEqual(0), logRatio.Clamp(null, clipHigh), logRatio.Clamp(-clipLow, null));
        return -advantages * Masked.RowMean(clipped, policyMask ?? mask).Unsqueeze(1).Exp();
    }

    /// <summary>(B, T) log-ratios of a level, from those of tokens. Those of a response are (B, 1).</summary>
    /// <param name="logRatio">(B, T): log π − log π_old, 0 at padding.</param>
    /// <param name="mask">(B, T)</param>
    /// <param name="level">Token, sequence, or both.</param>
    public static Tensor AtLevel(Tensor logRatio, Tensor mask, RatioLevel level) => level switch
    {
        RatioLevel.Sequence => Masked.RowMean(logRatio, mask).Unsqueeze(1),
        RatioLevel.SequenceToken => logRatio - logRatio.Detach() + Masked.RowMean(logRatio.Detach(), mask).Unsqueeze(1),
        RatioLevel.Product => logRatio.MaskedFill(!mask, 0).Sum(1, keepDim: true),
        _ => logRatio,
    };

    /// <summary>
    /// 1 at responses that are kept, 0 at those with a negative advantage whose mean −log r is above a threshold: the policy has left them
    /// behind. DeepSeek-V3.2 2025, section 3.1, https://arxiv.org/abs/2512.02556
    /// </summary>
    /// <param name="logRatio">(B, T): log r, 0 at padding.</param>
    /// <param name="advantages">(B, T)</param>
    /// <param name="mask">(B, T)</param>
    /// <param name="threshold">In nats a token.</param>
    public static Tensor KeepsOnPolicy(Tensor logRatio, Tensor advantages, Tensor mask, double threshold)
    {
        var isFar = Masked.RowMean(-logRatio.Detach(), mask).Unsqueeze(1) > threshold;              // (B, 1)
        return (!(isFar & (advantages < 0))).To(DType.Float32);
    }

    /// <summary>
    /// (β log(π / π_ref) − (r − V*))² of whole responses (A*-PO). Brantley et al. 2025, eq. 5, https://arxiv.org/abs/2505.20686
    /// </summary>
    /// <param name="logRatio">(B): log π − log π_ref of responses.</param>
    /// <param name="advantages">(B): r − V*</param>
    /// <param name="beta">β</param>
    public static Tensor AdvantageRegression(Tensor logRatio, Tensor advantages, double beta) => (logRatio * beta - advantages).Square();

    /// <summary>How far the policy has moved from the one that sampled the responses.</summary>
    /// <param name="logRatio">(B, T): log π − log π_old, 0 at padding.</param>
    /// <param name="mask">(B, T)</param>
    /// <param name="count">The number of tokens of the means.</param>
    /// <param name="clipLow">ε_low</param>
    /// <param name="clipHigh">ε_high</param>
    /// <param name="isFar">The tokens that count as clipped; null for those whose ratio is outside of the clip range.</param>
    public static PolicyShift Shift(
        Tensor logRatio, Tensor mask, double count, double clipLow, double clipHigh, Tensor? isFar = null)
    {
        var detached = logRatio.Detach();
        var ratio = detached.Exp();
        var isClipped = isFar ?? (ratio > 1 + clipHigh) | (ratio < 1 - clipLow);
        return new(Mean(detached.Square() * 0.5), Mean(isClipped.To(DType.Float32)), Mean(ratio));

        Tensor Mean(Tensor x) => Masked.Reduce(x, mask, count);
    }

    static Tensor Choose(Tensor condition, double yes, double no, Tensor like)
    {
        var zeros = like.ZerosLike();
        return Tensor.Where(condition, zeros + yes, zeros + no);
    }
}
