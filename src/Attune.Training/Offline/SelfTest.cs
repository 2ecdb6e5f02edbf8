using Attune.Data;
using Attune.Models;
using Attune.Models.Layers;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Optimizers;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Offline;

/// <summary>
/// Checks on the user's own model and data what people ask of every RLHF program: the arithmetic of sampling, scoring and learning is
/// one and the same.
/// </summary>
public static class SelfTest
{
    const double Tolerance = 1e-5;   // of a probability ratio or a loss; float32 agrees to about this
    public const int Examples = 8;

    /// <summary>A check, what it found, and whether it holds.</summary>
    public sealed record Check(string Name, string Measure, double Found, bool Holds);

    /// <summary>Checks that a policy samples from what it trains.</summary>
    /// <exception cref="TrainingStoppedException">It does not.</exception>
    public static void Run(Policy policy, IReadOnlyList<(string Name, Parameter Value)> trained, IReadOnlyList<TokenPrompt> prompts, int seed, Action<string> say) =>
        Require(Sampling(policy, trained, prompts, seed), say);

    /// <summary>Checks a language model that is to learn from rows: it is asked to go on with their first halves, or to answer their sources.</summary>
    /// <exception cref="TrainingStoppedException">A check does not hold.</exception>
    public static void Run(
        LanguageModel model, IReadOnlyList<(string Name, Parameter Value)> trained, Tokenizer tokenizer, IReadOnlyList<TokenRow> rows, int seed, Action<string> say)
    {
        var (context, answer) = ((int)model.Backbone.ContextLength, Math.Min(16, (int)model.Backbone.ContextLength / 2));
        var prompts = rows.Take(Examples).Select(row => new TokenPrompt(row.Source ?? row.Tokens[..Math.Clamp(row.Tokens.Length / 2, 1, context - answer)], "")).ToList();
        Run(new Policy(model, tokenizer, new() { MaxNewTokens = answer }), trained, prompts, seed, say);
    }

    /// <summary>Checks that a loss depends on its examples alone.</summary>
    /// <exception cref="TrainingStoppedException">It does not.</exception>
    public static void Run<T>(IReadOnlyList<(string Name, Parameter Value)> trained, IObjective<T> objective, IReadOnlyList<T> examples, Action<string> say) =>
        Require(Learning(trained, objective, examples), say);

    /// <summary>Every check of a policy.</summary>
    public static IReadOnlyList<Check> Sampling(
        Policy policy, IReadOnlyList<(string Name, Parameter Value)> trained, IReadOnlyList<TokenPrompt> prompts, int seed)
    {
        const string measure = "farthest ratio from 1";
        using var scope = TensorScope.Open();
        using var random = new RandomSource((ulong)seed, policy.Model.Device);
        Rollouts rollouts;
        using (Autograd.NoGrad())
            rollouts = policy.Respond([.. prompts.Take(Examples)], random);
        var first = FarthestRatio(rollouts.Logprobs, policy.Analyze(rollouts).Logprobs.Detach(), rollouts.Mask);
        var still = FarthestRatioAfterAnUpdateWithRateZero(policy, trained, rollouts);
        var alone = FarthestRatioOneByOne(policy, rollouts);
        return
        [
            new("the first minibatch has ratio 1 (cached, left-padded sampling equals training)", measure, first, first <= Tolerance),
            new("learning rate 0 leaves the ratio at exactly 1", measure, still, still == 0),
            new("padding and batch mates change nothing", measure, alone, alone <= Tolerance),
        ];
    }

    /// <summary>Every check of an objective; the model's dropout must be off.</summary>
    public static IReadOnlyList<Check> Learning<T>(IReadOnlyList<(string Name, Parameter Value)> trained, IObjective<T> objective, IReadOnlyList<T> examples)
    {
        using var scope = TensorScope.Open();
        T[] batch = [.. examples.Take(Examples)];
        var count = objective.Count(batch);
        var loss = objective.Compute(batch, count).Value;
        var together = loss.Detach().Item();
        var alone = batch.Sum(example => objective.Compute([example], count).Value.Detach().Item());
        UpdateWithRateZero(trained, loss);
        var after = objective.Compute(batch, count).Value.Detach().Item();
        var (mates, moved) = (Math.Abs(alone / together - 1), Math.Abs(after / together - 1));
        return
        [
            new("padding and batch mates do not change the loss", "relative difference", mates, mates <= Tolerance),
            new("learning rate 0 leaves the loss exactly as it was", "relative difference", moved, moved == 0),
        ];
    }

    static void Require(IReadOnlyList<Check> checks, Action<string> say)
    {
        foreach (var check in checks)
            say($"self-test {(check.Holds ? "passed" : "FAILED")}: {check.Name}; {check.Measure}: {check.Found:G3}");
        if (checks.Any(check => !check.Holds))
            throw new TrainingStoppedException("the self-test failed: this model would not learn what it is shown; nothing was trained");
    }

    static double FarthestRatioAfterAnUpdateWithRateZero(Policy policy, IReadOnlyList<(string Name, Parameter Value)> trained, Rollouts rollouts)
    {
        var before = policy.Analyze(rollouts).Logprobs;
        UpdateWithRateZero(trained, before.MaskedFill(!rollouts.Mask, 0).Sum());
        return FarthestRatio(before.Detach(), policy.Analyze(rollouts).Logprobs.Detach(), rollouts.Mask);
    }

    static void UpdateWithRateZero(IReadOnlyList<(string Name, Parameter Value)> trained, Tensor loss)
    {
        var optimizer = new Optimizer(new Sgd(momentum: 0, nesterov: false), trained, weightDecay: 0);
        loss.Backward();
        optimizer.Step(learningRate: 0);
        optimizer.ClearGradients();
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
