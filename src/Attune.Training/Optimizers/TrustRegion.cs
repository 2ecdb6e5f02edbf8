using System.Numerics;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Estimation;

namespace Attune.Training.Optimizers;

/// <summary>Some of the tokens that a step is computed on, n of them.</summary>
/// <param name="Distribution">(n, V) log-probabilities of every token under the policy as its parameters are now.</param>
/// <param name="Tokens">(n): the sampled tokens.</param>
/// <param name="OldLogprobs">(n): their log-probabilities when they were sampled.</param>
/// <param name="Advantages">(n)</param>
public sealed record TrustRegionPart(Func<Tensor> Distribution, Tensor Tokens, Tensor OldLogprobs, Tensor Advantages)
{
    /// <summary>Σ A π / π_old</summary>
    /// <param name="distribution">(n, V)</param>
    public Tensor Surrogate(Tensor distribution) =>
        (Advantages * (distribution.Gather(1, Tokens.Unsqueeze(1)).Squeeze(1) - OldLogprobs).Exp()).Sum();
}

/// <summary>Settings of <see cref="TrustRegion"/>.</summary>
/// <param name="TargetKl">δ: the largest mean KL of the new policy from the old one, in nats a token.</param>
/// <param name="CgSteps">Steps of the conjugate gradient.</param>
/// <param name="CgDamping">Multiples of the identity that are added to the Fisher matrix.</param>
/// <param name="Shrinking">The factor of each further try of the line search.</param>
/// <param name="Tries">Tries of the line search.</param>
public readonly record struct TrustRegionSettings(double TargetKl, int CgSteps, double CgDamping, double Shrinking, int Tries);

/// <summary>What a step did.</summary>
/// <param name="Before">The mean surrogate of the old policy.</param>
/// <param name="After">That of the last policy that was tried.</param>
/// <param name="Kl">Its mean KL from the old one, in nats a token.</param>
/// <param name="Tries">How many policies were tried.</param>
/// <param name="Succeeded">Whether the last one was kept; otherwise the parameters are those of the old policy.</param>
public readonly record struct TrustRegionResult(double Before, double After, double Kl, int Tries, bool Succeeded);

/// <summary>
/// A step of trust region policy optimization. Schulman et al. 2015, appendix C, https://arxiv.org/abs/1502.05477: the natural gradient of
/// the surrogate mean(A π / π_old), as long as the KL allows, and shorter where a line search finds the KL too large or the surrogate not
/// improved. Details: (1) products with the Fisher matrix F = Jᵀ (diag p − p pᵀ) J take J v from central differences of log-probabilities,
/// and Jᵀ from a backward pass, so that no operator needs a second derivative; (2) parts are computed one after the other, and the
/// parameters are changed in place meanwhile; (3) each rank computes a share of the parts, and all take the same step.
/// </summary>
/// <param name="parameters">The policy's parameters.</param>
/// <param name="parts">This rank's share of the tokens of the step.</param>
/// <param name="fisherParts">Its share of the tokens that the Fisher matrix is computed on.</param>
/// <param name="settings">The size of the region, and how the step is found.</param>
public sealed class TrustRegion(
    ParameterVector parameters, IReadOnlyList<TrustRegionPart> parts, IReadOnlyList<TrustRegionPart> fisherParts,
    TrustRegionSettings settings)
{
    const double MinLogprob = -1e30;                               // 0 · −∞ must be 0
    const double Tolerance = 1e-10;                                // of the squared residual, as in RL4LMs
    const double Reach = 3e-4;                                     // of a difference, relative to the norm of the parameters

    readonly Tensor start = parameters.Values;                     // (P)
    readonly long count = Total(parts.Sum(part => part.Tokens.Size(0)));
    readonly long fisherCount = Total(fisherParts.Sum(part => part.Tokens.Size(0)));

    /// <summary>Changes the parameters to those of the new policy, or leaves them as they are.</summary>
    public TrustRegionResult Step()
    {
        using var scope = TensorScope.Open();
        var (before, gradient) = Surrogate();
        var direction = ConjugateGradient(FisherProduct, gradient, settings.CgSteps);               // (P)
        var size = Math.Sqrt(2 * settings.TargetKl / Dot(direction, FisherProduct(direction)));
        var (after, kl) = (before, 0.0);
        for (var tries = 1; double.IsFinite(size) && tries <= settings.Tries; tries++, size *= settings.Shrinking)
        {
            using var trying = TensorScope.Open();
            (after, kl) = Evaluate(start + direction * size);
            if (kl < settings.TargetKl && after > before)
                return new(before, after, kl, tries, Succeeded: true);
        }
        parameters.Set(start);
        return new(before, after, kl, settings.Tries, Succeeded: false);
    }

    /// <summary>The mean surrogate, and its gradient (P).</summary>
    public (double Value, Tensor Gradient) Surrogate()
    {
        parameters.ClearGradients();
        var value = 0.0;
        foreach (var part in parts)
        {
            using var scope = TensorScope.Open();
            var surrogate = part.Surrogate(part.Distribution()) / count;
            surrogate.Backward();
            value += surrogate.Item();
        }
        return (Total(value), SumOfRanks(parameters.Gradient));
    }

    /// <summary>(F + damping) v</summary>
    /// <param name="vector">v (P)</param>
    public Tensor FisherProduct(Tensor vector)
    {
        using var scope = TensorScope.Open();
        var norm = vector.Norm().Item();
        if (norm == 0)
            return scope.MoveToOuterScope(vector.Clone());
        var reach = Reach * (1 + start.Norm().Item()) / norm;
        parameters.ClearGradients();
        foreach (var part in fisherParts)
            AddProduct(part, vector * reach, reach);
        return scope.MoveToOuterScope(SumOfRanks(parameters.Gradient) + vector * settings.CgDamping);
    }

    /// <summary>Solves F x = b. Hestenes and Stiefel 1952.</summary>
    /// <param name="product">v → F v</param>
    /// <param name="b">(P)</param>
    /// <param name="steps">The most steps.</param>
    public static Tensor ConjugateGradient(Func<Tensor, Tensor> product, Tensor b, int steps)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var (x, residual, conjugate, square) = (b.ZerosLike(), b.Clone(), b.Clone(), Dot(b, b));
        for (var step = 0; step < steps && square >= Tolerance; step++)
        {
            using var own = TensorScope.Open();
            var image = WithGradient(product, conjugate);
            var length = square / Dot(conjugate, image);
            x.AddInPlace(conjugate, length);
            residual.AddInPlace(image, -length);
            var next = Dot(residual, residual);
            conjugate.MultiplyInPlace(next / square).AddInPlace(residual);
            square = next;
        }
        return scope.MoveToOuterScope(x);
    }

    /// <summary>The mean surrogate of a policy and its mean KL from the old one; the parameters stay those of the policy.</summary>
    (double Surrogate, double Kl) Evaluate(Tensor candidate)
    {
        using var noGrad = Autograd.NoGrad();
        var (surrogate, kl) = (0.0, 0.0);
        foreach (var part in parts)
        {
            using var scope = TensorScope.Open();
            var old = At(start, part);
            var distribution = At(candidate, part);                                                 // (n, V)
            surrogate += part.Surrogate(distribution).Item();
            kl += Kl.Full(distribution, old).Sum().Item();
        }
        parameters.Set(candidate);                                                                  // also on a rank without a part
        return (Total(surrogate) / count, Total(kl) / count);
    }

    /// <summary>Adds the share of some tokens in F v to the gradients.</summary>
    void AddProduct(TrustRegionPart part, Tensor change, double reach)
    {
        using var scope = TensorScope.Open();
        Tensor slope;                                                                               // (n, V): J v
        using (Autograd.NoGrad())
            slope = (At(start + change, part).Clamp(MinLogprob, null) - At(start - change, part).Clamp(MinLogprob, null)) / (2 * reach);
        parameters.Set(start);
        var logprobs = part.Distribution();                                                         // (n, V)
        var weights = logprobs.Detach().Exp() * slope / fisherCount;
        (logprobs.Clamp(MinLogprob, null) * weights).Sum().Backward();
    }

    Tensor At(Tensor vector, TrustRegionPart part)
    {
        parameters.Set(vector);
        return part.Distribution();
    }

    static Tensor WithGradient(Func<Tensor, Tensor> product, Tensor vector)
    {
        using var grad = Autograd.EnableGrad();
        return product(vector);
    }

    static T Total<T>(T own) where T : INumber<T> => Ranks.Gather(() => own).Aggregate((sum, other) => sum + other);

    static Tensor SumOfRanks(Tensor own)
    {
        Ranks.Current.Sum([own]);
        return own;
    }

    static double Dot(Tensor a, Tensor b) => (a * b).Sum().Item();
}
