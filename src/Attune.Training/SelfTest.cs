using Attune.Data;
using Attune.Torch;
using Attune.Training.Optimizers;
using Attune.Training.Runs;

namespace Attune.Training;

/// <summary>
/// Checks on the user's own model and prompts what people ask of every RLHF program: the arithmetic of sampling, scoring and learning
/// is one and the same.
/// </summary>
public static class SelfTest
{
    const double Tolerance = 1e-5;   // of a probability ratio; log-probabilities in float32 agree to about this

    /// <summary>Says what every check found.</summary>
    /// <exception cref="TrainingStoppedException">One does not hold.</exception>
    public static void Run(Policy policy, IReadOnlyList<TokenPrompt> prompts, int seed, Action<string> say)
    {
        var checks = Check(policy, prompts, seed);
        foreach (var (name, found, holds) in checks)
            say($"self-test {(holds ? "passed" : "FAILED")}: {name}; farthest ratio from 1: {found:G3}");
        if (checks.Any(check => !check.Holds))
            throw new TrainingStoppedException("the self-test failed: this model would not learn from what it samples; nothing was trained");
    }

    /// <summary>Every check with what it found.</summary>
    public static IReadOnlyList<(string Name, double Found, bool Holds)> Check(Policy policy, IReadOnlyList<TokenPrompt> prompts, int seed)
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource((ulong)seed, policy.Model.Device);
        Rollouts rollouts;
        using (Autograd.NoGrad())
            rollouts = policy.Respond([.. prompts.Take(8)], random);
        var first = FarthestRatio(rollouts.Logprobs, policy.Analyze(rollouts).Logprobs.Detach(), rollouts.Mask);
        var still = FarthestRatioAfterAnUpdateWithRateZero(policy, rollouts);
        var alone = FarthestRatioOneByOne(policy, rollouts);
        return
        [
            ("the first minibatch has ratio 1 (cached sampling equals training)", first, first <= Tolerance),
            ("learning rate 0 leaves the ratio at exactly 1", still, still == 0),
            ("padding and batch mates change nothing", alone, alone <= Tolerance),
        ];
    }

    static double FarthestRatioAfterAnUpdateWithRateZero(Policy policy, Rollouts rollouts)
    {
        var before = policy.Analyze(rollouts).Logprobs;
        var optimizer = new Optimizer(new OptimizerOptions().ToRule(), policy.Model.NamedParameters(), weightDecay: 0);
        before.MaskedFill(!rollouts.Mask, 0).Sum().Backward();
        optimizer.Step(learningRate: 0);
        optimizer.ClearGradients();
        return FarthestRatio(before.Detach(), policy.Analyze(rollouts).Logprobs.Detach(), rollouts.Mask);
    }

    static double FarthestRatioOneByOne(Policy policy, Rollouts rollouts)
    {
        using var noGrad = Autograd.NoGrad();
        var together = policy.Analyze(rollouts).Logprobs;
        return Enumerable.Range(0, rollouts.Count).Max(row =>
        {
            var alone = rollouts.Select([row]);
            return FarthestRatio(together.Slice(0, row, row + 1).Slice(1, 0, alone.Mask.Size(1)), policy.Analyze(alone).Logprobs, alone.Mask);
        });
    }

    /// <summary>The greatest |ratio − 1| of a real token.</summary>
    static double FarthestRatio(Tensor before, Tensor after, Tensor mask) =>
        ((after - before).MaskedFill(!mask, 0).Exp() - 1).Abs().Reshape(-1).Max(0).Item();
}
