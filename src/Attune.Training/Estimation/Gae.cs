using Attune.Torch;

namespace Attune.Training.Estimation;

/// <summary>Generalized advantage estimation. Schulman et al. 2016, eq. 16. https://arxiv.org/abs/1506.02438</summary>
public static class Gae
{
    /// <summary>
    /// A_t = δ_t + γλ A_{t+1} with δ_t = r_t + γ V_{t+1} − V_t. The value after the last column is 0. Rewards and values must be 0
    /// after the end of a row, so that padding does not change the advantages of a short row.
    /// </summary>
    /// <param name="rewards">(B, T)</param>
    /// <param name="values">(B, T): the estimate before each token.</param>
    /// <param name="gamma">The discount of the next token's reward.</param>
    /// <param name="lambda">1 uses rewards only, 0 relies on values.</param>
    /// <param name="mask">
    /// (B, T): the tokens that the policy sampled, where replies come between them: the token after a turn is then the first of the next
    /// turn. Null where only padding follows the tokens.
    /// </param>
    /// <returns>Advantages (B, T), and returns A + V (B, T).</returns>
    public static (Tensor Advantages, Tensor Returns) Estimate(
        Tensor rewards, Tensor values, double gamma, double lambda, Tensor? mask = null) =>
        Estimate(rewards, values, gamma, next => next * (gamma * lambda), mask);

    /// <inheritdoc cref="Estimate(Tensor, Tensor, double, double, Tensor?)"/>
    /// <param name="rewards">(B, T)</param>
    /// <param name="values">(B, T)</param>
    /// <param name="gamma">γ</param>
    /// <param name="lambdas">(B): λ of each row.</param>
    /// <param name="mask">(B, T), or null</param>
    public static (Tensor Advantages, Tensor Returns) Estimate(
        Tensor rewards, Tensor values, double gamma, Tensor lambdas, Tensor? mask = null)
    {
        var discounts = lambdas * gamma;
        return Estimate(rewards, values, gamma, next => next * discounts, mask);
    }

    /// <summary>
    /// λ = 1 − 1 / (α l) of each response, l its number of tokens, and at least 0 (length-adaptive GAE). Yue et al. 2025, section 4.2,
    /// https://arxiv.org/abs/2504.05118
    /// </summary>
    /// <param name="mask">(B, T)</param>
    /// <param name="alpha">α</param>
    /// <returns>(B)</returns>
    public static Tensor AdaptiveLambdas(Tensor mask, double alpha) =>
        (1 - (mask.To(DType.Float32).Sum(1) * alpha).Pow(-1)).Clamp(0, null);

    static (Tensor Advantages, Tensor Returns) Estimate(
        Tensor rewards, Tensor values, double gamma, Func<Tensor, Tensor> discount, Tensor? mask)
    {
        var length = (int)rewards.Size(1);
        var advantages = new Tensor[length];
        var zero = Tensor.Zeros([rewards.Size(0)], rewards.DType, rewards.Device);
        var (next, nextValue) = (zero, zero);                                                       // A_{t+1}, V_{t+1} (B)
        for (var t = length - 1; t >= 0; t--)
        {
            var value = values.Select(1, t);
            advantages[t] = rewards.Select(1, t) - value + nextValue * gamma + discount(next);
            (next, nextValue) = mask is null
                ? (advantages[t], value)
                : (Tensor.Where(mask.Select(1, t), advantages[t], next), Tensor.Where(mask.Select(1, t), value, nextValue));
        }
        var stacked = Tensor.Stack(1, advantages);                                                  // (B, T)
        return (stacked, stacked + values);
    }
}
