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
/// Checks on the user's model and data that sampling, scoring and training compute the same probabilities.
/// </summary>
public static class SelfTest
{
    public const int Examples = 8;

    /// <summary>A check, what it measured, and whether it passed.</summary>
    public sealed record Check(string Name, string Measure, double Found, bool Holds);

    /// <summary>Checks that a policy samples from the distribution that it trains.</summary>
    /// <exception cref="TrainingStoppedException">A check failed.</exception>
    public static void Run(
        Policy policy, IReadOnlyList<(string Name, Parameter Value)> trained, IReadOnlyList<TokenPrompt> prompts, int seed,
        Action<string> notify) =>
        Require(Sampling(policy, trained, prompts, seed), notify);

    /// <summary>
    /// Checks a language model on rows to train on: it continues their first halves, or responds to their sources.
    /// </summary>
    /// <exception cref="TrainingStoppedException">A check failed.</exception>
    public static void Run(
        LanguageModel model, IReadOnlyList<(string Name, Parameter Value)> trained, Tokenizer tokenizer, IReadOnlyList<TokenRow> rows,
        int seed, Action<string> notify)
    {
        var (context, responseLength) = ((int)model.Backbone.ContextLength, Math.Min(16, (int)model.Backbone.ContextLength / 2));
        var prompts = rows.Take(Examples)
            .Select(row => new TokenPrompt(row.Source ?? row.Tokens[..Math.Clamp(row.Tokens.Length / 2, 1, context - responseLength)], ""))
            .ToList();
        Run(new Policy(model, tokenizer, new() { MaxNewTokens = responseLength }), trained, prompts, seed, notify);
    }

    /// <summary>Checks that the loss of an example does not depend on padding and on the rest of the batch.</summary>
    /// <exception cref="TrainingStoppedException">A check failed.</exception>
    public static void Run<T>(
        IReadOnlyList<(string Name, Parameter Value)> trained, IObjective<T> objective, IReadOnlyList<T> examples, DType dtype,
        Action<string> notify) =>
        Require(Learning(trained, objective, examples, dtype), notify);

    /// <summary>The checks of a policy.</summary>
    public static IReadOnlyList<Check> Sampling(
        Policy policy, IReadOnlyList<(string Name, Parameter Value)> trained, IReadOnlyList<TokenPrompt> prompts, int seed)
    {
        const string measure = "largest |ratio − 1|";
        using var scope = TensorScope.Open();
        using var random = new RandomSource((ulong)seed, policy.Model.Device);
        Rollouts rollouts;
        using (Autograd.NoGrad())
            rollouts = policy.Respond([.. prompts.Take(Examples)], random);
        var first = MaxRatioError(rollouts.Logprobs, policy.Analyze(rollouts).Logprobs.Detach(), rollouts.Mask);
        var still = MaxRatioErrorAfterUpdateWithRateZero(policy, trained, rollouts);
        var alone = MaxRatioErrorOneByOne(policy, rollouts);
        var tolerance = Tolerance(policy.Model.Backbone.ComputeDType);
        return
        [
            new("the first minibatch has ratio 1 (cached, left-padded sampling equals training)", measure, first, first <= tolerance),
            new("learning rate 0 leaves the ratio at exactly 1", measure, still, still == 0),
            new("padding and the other rows of the batch do not change log-probabilities", measure, alone, alone <= tolerance),
        ];
    }

    /// <summary>The checks of an objective; the model's dropout must be off.</summary>
    public static IReadOnlyList<Check> Learning<T>(
        IReadOnlyList<(string Name, Parameter Value)> trained, IObjective<T> objective, IReadOnlyList<T> examples, DType dtype)
    {
        using var scope = TensorScope.Open();
        T[] batch = [.. examples.Take(Examples)];
        var count = objective.Count(batch);
        objective.BeginBatch(batch, new(RateZero(trained), new()), isHeldOut: true);
        var loss = objective.Compute(batch, count).Value;
        var together = loss.Detach().Item();
        var alone = batch.Sum(example => objective.Compute([example], count).Value.Detach().Item());
        UpdateWithRateZero(trained, loss);
        var after = objective.Compute(batch, count).Value.Detach().Item();
        var tolerance = Tolerance(dtype);
        var (mates, moved) = (Math.Abs(alone / together - 1), Math.Abs(after / together - 1));
        Check unchanged = new("learning rate 0 leaves the loss unchanged", "relative difference", moved, moved == 0);
        return objective.ComparesExamples
            ? [unchanged]
            :
            [
                new("padding and the other examples of the batch do not change the loss", "relative difference", mates, mates <= tolerance),
                unchanged,
            ];
    }

    /// <summary>
    /// The allowed error of a probability ratio or a loss. Where products are added in another order, bfloat16 rounds some logits to the
    /// next number, a step of 1/16 for logits above 8.
    /// </summary>
    static double Tolerance(DType dtype) => dtype == DType.Float32 ? 1e-5 : 0.1;

    static void Require(IReadOnlyList<Check> checks, Action<string> notify)
    {
        foreach (var check in checks)
            notify($"self-test {(check.Holds ? "passed" : "FAILED")}: {check.Name}; {check.Measure}: {check.Found:G3}");
        if (checks.Any(check => !check.Holds))
            throw new TrainingStoppedException(
                "the self-test failed, so nothing was trained: sampling, scoring and training do not compute the same for this model");
    }

    static double MaxRatioErrorAfterUpdateWithRateZero(
        Policy policy, IReadOnlyList<(string Name, Parameter Value)> trained, Rollouts rollouts)
    {
        var before = policy.Analyze(rollouts).Logprobs;
        UpdateWithRateZero(trained, before.MaskedFill(!rollouts.Mask, 0).Sum());
        return MaxRatioError(before.Detach(), policy.Analyze(rollouts).Logprobs.Detach(), rollouts.Mask);
    }

    static void UpdateWithRateZero(IReadOnlyList<(string Name, Parameter Value)> trained, Tensor loss)
    {
        var optimizer = RateZero(trained);
        loss.Backward();
        optimizer.Step(learningRate: 0);
        optimizer.ClearGradients();
    }

    static Optimizer RateZero(IReadOnlyList<(string Name, Parameter Value)> trained) =>
        new(new Sgd(momentum: 0, nesterov: false), trained, weightDecay: 0);

    static double MaxRatioErrorOneByOne(Policy policy, Rollouts rollouts)
    {
        using var noGrad = Autograd.NoGrad();
        var together = policy.Analyze(rollouts).Logprobs;
        return Enumerable.Range(0, rollouts.Count).Max(row =>
        {
            var alone = rollouts.Select([row]);
            return MaxRatioError(
                together.Slice(0, row, row + 1).Slice(1, 0, alone.Mask.Size(1)), policy.Analyze(alone).Logprobs, alone.Mask);
        });
    }

    /// <summary>The largest |ratio − 1| of a real token.</summary>
    static double MaxRatioError(Tensor before, Tensor after, Tensor mask) =>
        ((after - before).MaskedFill(!mask, 0).Exp() - 1).Abs().Reshape(-1).Max(0).Item();
}
