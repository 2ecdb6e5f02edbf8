using Attune.Reporting.Charts;
using Attune.Reporting.Health;

namespace Attune.Training.Health;

/// <summary>The rules that a run is watched by.</summary>
static class HealthRules
{
    const string Score = "objective/scores", Kl = "objective/kl", Entropy = "objective/entropy";
    const string Ratio = "policy/ratio", Clipped = "policy/clipfrac", FirstApproxKl = "policy/first_approx_kl";
    const string Length = "responses/length", Ended = "responses/ended";
    const string Repetition = "responses/repetition", Distinct = "responses/distinct";
    const string Explained = "value/explained_variance", HeldOutScore = "eval/score", HeldOutGold = "eval/gold";
    const string Loss = "loss", Gradient = "grad_norm", SelectedPrompts = "rft/prompts";
    const string RolloutKl = "rollout/kl", RolloutMasked = "rollout/masked", RolloutQueue = "rollout/queue";
    const string Staleness = "rollout/staleness", StaleTokens = "rollout/stale_tokens";
    const string NoSignal = "responses/groups_without_signal", StepTaken = "trpo/succeeded";

    /// <summary>A gain in training counts when it is above this many standard deviations of the first steps' scores.</summary>
    const double Noise = 4;

    /// <summary>The value head starts untrained, and has this many windows to learn.</summary>
    const int WindowsToLearnValues = 4;

    const double RepetitionGrowth = 0.1;

    public static IReadOnlyList<HealthRule> All { get; } =
    [
        new("notFinite", "not a number", Severity.Alarm,
            "Check the scores of the reward source first; then use a smaller learning rate, and train in float32.",
            (history, _) => Array.Find([Kl, Score, Ratio, Entropy, Loss, Gradient], name => !history.IsFinite(name)) is { } broken
                ? $"{broken} is not a finite number"
                : null)
            { IsUrgent = true },
        new("klHigh", "KL too high", Severity.Alarm,
            "Raise kl.coef, or set kl.controller to adaptive with a kl.target, or use a smaller learning rate; read the responses for "
                + "reward hacking.",
            (history, limits) => history.Now(Kl) > limits.MaxKl
                ? $"the KL from the reference is {N(history.Now(Kl))} nats a response, above {N(limits.MaxKl)}"
                : null)
            { EasedByBeta = true },
        new("klNegative", "KL negative", Severity.Alarm,
            "Sampling and training disagree: run with --self-test, and check the sampling options. If it is noise, use a KL estimator that "
                + "cannot be negative (k3).",
            (history, limits) => history.Now(Kl) < limits.MinKl
                ? $"the KL from the reference is {N(history.Now(Kl))} nats a response, below {N(limits.MinKl)}"
                : null),
        new("sampling", "sampling and training disagree", Severity.Alarm,
            "Run with --self-test and check the sampling options. With run.dtype bfloat16, train in float32.",
            (history, limits) => history.Now(FirstApproxKl) > limits.MaxFirstApproxKl
                ? $"before the first update of a step, policy/first_approx_kl is {N(history.Now(FirstApproxKl))}; it is 0, but for "
                    + "rounding, where sampling and training compute the same log-probabilities" : null),
        new("ratio", "ratio far from 1", Severity.Alarm,
            "The policy changes too much in a step: use a smaller learning rate, fewer updates.epochs, or a ppo.targetKl that ends a step "
                + "early.",
            (history, limits) => Math.Abs((history.Now(Ratio) ?? 1) - 1) > limits.MaxRatioError
                ? $"tokens are {N(history.Now(Ratio))} times as probable after updates as when they were sampled; within "
                    + $"{N(limits.MaxRatioError)} of 1 is healthy" : null),
        new("clipped", "many tokens clipped", Severity.Warning,
            "Updates are larger than the clip range allows: use a smaller learning rate or fewer updates.epochs.",
            (history, limits) => history.Now(Clipped) > limits.MaxClipShare
                ? $"{NumberFormat.Percent(history.Now(Clipped)!.Value)} of the tokens have a clipped ratio, more than "
                + $"{NumberFormat.Percent(limits.MaxClipShare)}"
                : null),
        new("entropy", "entropy collapsed", Severity.Alarm,
            "Responses become alike: raise kl.coef, set ppo.entropyCoef or grpo.entropyCoef to about 0.01, or use a smaller learning rate.",
            (history, limits) => EntropyShare(history) is { } share && share < limits.MinEntropyShare
                ? $"the entropy of a token is {NumberFormat.Percent(share)} of what it was in the first steps"
                : null)
            { EasedByBeta = true },
        new("length", "length drifts", Severity.Warning,
            "The reward may favour a length: compare scores of short and long responses, and set scores.lengthPenalty, or "
                + "scores.missingEosPenalty for responses that run to the limit.",
            (history, limits) => history.Start(Length) is > 0 and var start && history.Now(Length) is { } now
                && (now > start * limits.MaxLengthFactor || now * limits.MaxLengthFactor < start)
                ? $"responses have {N(now)} tokens, {N(start)} in the first steps" : null)
            { EasedByBeta = true },
        new("ended", "responses do not end", Severity.Warning,
            "Set scores.missingEosPenalty, raise sampling.maxNewTokens, or fine-tune on responses that end.",
            (history, limits) => history.Now(Ended) < limits.MinEnded
                ? $"only {NumberFormat.Percent(history.Now(Ended)!.Value)} of the responses end before sampling.maxNewTokens"
                : null)
            { EasedByBeta = true },
        new("repetition", "responses repeat themselves", Severity.Alarm,
            "Raise kl.coef, and add a reward that penalises repetition (kind: repetition).",
            (history, limits) => history.Now(Repetition) is { } now
                && now > Math.Max(limits.MaxRepetition, history.Start(Repetition)!.Value + RepetitionGrowth)
                ? $"{NumberFormat.Percent(now)} of the 3-grams of tokens repeat an earlier one of the same response, "
                    + $"{NumberFormat.Percent(history.Start(Repetition)!.Value)} in the first steps" : null)
            { EasedByBeta = true },
        new("distinct", "same response to many prompts", Severity.Alarm,
            "The policy gives the same response to many prompts: raise kl.coef, ppo.entropyCoef or grpo.entropyCoef, and check why the "
                + "reward source scores it high.",
            (history, limits) => history.Now(Distinct) < limits.MinDistinctShare * history.Start(Distinct)
                ? $"{NumberFormat.Percent(history.Now(Distinct)!.Value)} of the responses are distinct, "
                    + $"{NumberFormat.Percent(history.Start(Distinct)!.Value)} in the first steps" : null)
            { EasedByBeta = true },
        new("values", "values explain nothing", Severity.Warning,
            "Warm the critic up (critic.warmupSteps), raise ppo.valueCoef or a2c.valueCoef, or widen ppo.valueClipRange.",
            (history, limits) =>
                history.Count(Explained) > WindowsToLearnValues * limits.Window && history.Now(Explained) < limits.MinExplainedVariance
                ? $"the values explain {N(history.Now(Explained))} of the variance of the returns: a constant would do better" : null),
        new("noSignal", "few groups with signal", Severity.Warning,
            "Nothing is learned from a prompt whose responses all have the same score. If the score is as high as it can be, stop. "
                + "Otherwise raise updates.samplesPerPrompt or updates.maxResamplings, use prompts that the policy sometimes "
                + "answers right, or a reward that also tells failures apart.",
            (history, limits) => history.Now(NoSignal) > limits.MaxGroupsWithoutSignal
                ? $"{NumberFormat.Percent(history.Now(NoSignal)!.Value)} of the prompts have responses with the same score only" : null),
        new("trustRegion", "steps not taken", Severity.Warning,
            "The quadratic estimate of the KL is wrong at this distance: use a larger trpo.cgDamping, a smaller trpo.targetKl, more "
                + "trpo.lineSearchMaxIter, or more responses to a step.",
            (history, limits) => history.Now(StepTaken) < limits.MinStepsTaken
                ? $"the line search succeeds in {NumberFormat.Percent(history.Now(StepTaken)!.Value)} of the steps; the others do not "
                    + "change the policy" : null),
        new("rolloutKl", "servers and policy disagree", Severity.Alarm,
            "Check that the servers have the model and the number format of the policy, that they take new weights, and that "
                + "rollout.logprobsMode is theirs; then use a lower rollout.maxStaleness or a smaller learning rate.",
            (history, limits) => history.Now(RolloutKl) > limits.MaxRolloutKl
                ? $"the KL between servers and policy is {N(history.Now(RolloutKl))} nats a token, above {N(limits.MaxRolloutKl)}" : null),
        new("rolloutMasked", "many tokens left out", Severity.Warning,
            "Little is learned from responses that rollout.correction leaves out: use a lower rollout.maxStaleness, a wider range "
                + "(rollout.clipMin, rollout.clipMax), or a correction of tokens (icepop, truncatedToken).",
            (history, limits) => history.Now(RolloutMasked) > limits.MaxRolloutMasked
                ? $"rollout.correction leaves out {NumberFormat.Percent(history.Now(RolloutMasked)!.Value)} of the tokens" : null),
        new("staleness", "old responses", Severity.Warning,
            "Use a lower rollout.maxStaleness.",
            (history, limits) => history.Now(Staleness) > limits.MaxStaleness
                ? $"the weights that sample are {N(history.Now(Staleness))} updates old, more than {N(limits.MaxStaleness)}" : null),
        new("staleTokens", "many old tokens", Severity.Warning,
            "Use a lower rollout.maxStaleness.",
            (history, limits) => history.Now(StaleTokens) > limits.MaxStaleTokens
                ? $"{NumberFormat.Percent(history.Now(StaleTokens)!.Value)} of the tokens were sampled with weights from before the last "
                    + "update" : null),
        new("rolloutQueue", "training waits for responses", Severity.Warning,
            "Add servers, or use fewer responses a step or a smaller sampling.maxNewTokens.",
            (history, limits) => history.Now(RolloutQueue) < limits.MinRolloutQueue
                ? $"the responses of {N(history.Now(RolloutQueue))} steps are ready, fewer than {N(limits.MinRolloutQueue)}" : null),
        new("selection", "few prompts selected", Severity.Warning,
            "Little is learned from most prompts: raise rft.samplesPerPrompt, use easier prompts, or a reward that also tells failures "
                + "apart.",
            (history, limits) => history.Now(SelectedPrompts) < limits.MinSelectedPrompts
                ? $"responses to only {NumberFormat.Percent(history.Now(SelectedPrompts)!.Value)} of the prompts are selected"
                : null),
        new("heldOut", "held-out score lags", Severity.Warning,
            "The policy does not generalise to new prompts: train on more prompts, for fewer epochs.",
            HeldOutLags),
        new("overOptimised", "over-optimised", Severity.Alarm,
            "The reward source is being exploited: stop and keep the best checkpoint, raise kl.coef, or train the reward model on "
                + "responses of this policy.",
            OverOptimised)
            { EasedByBeta = true },
        new("scoreFell", "score fell", Severity.Alarm,
            "Updates undo what was learned: go back to an earlier checkpoint, and use a smaller learning rate or one that decays, fewer "
                + "updates.epochs, or a ppo.targetKl that ends a step early.",
            ScoreFell)
            { EasedByBeta = true },
    ];

    /// <summary>
    /// What to do in a run that fine-tunes on selected responses, where it differs, since there is no β; by the names of rules.
    /// </summary>
    public static IReadOnlyDictionary<string, string> AdviceForSelected { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["entropy"] = "Responses become alike: use fewer improvement steps or rounds, a smaller learning rate, or more prompts.",
        ["repetition"] = "Add a reward that penalises repetition (kind: repetition), or use a smaller learning rate.",
        ["distinct"] = "The policy gives the same response to many prompts: use fewer improvement steps or rounds, a smaller learning "
            + "rate, or more prompts, and check why the reward source scores that response high.",
        ["overOptimised"] = "The reward source is being exploited: stop and keep the best checkpoint, or train the reward model on "
            + "responses of this policy.",
        ["scoreFell"] = "Fine-tuning undoes what was learned: go back to an earlier checkpoint, and use a smaller learning rate or a "
            + "larger training.batchSize.",
    };

    /// <summary>The history that the rules read.</summary>
    public static MetricHistory NewHistory(int window) => new(
        window, [Score, Kl, Entropy, Ratio, Clipped, Length, Ended, Repetition, Distinct, Explained, Loss, Gradient, SelectedPrompts,
            FirstApproxKl, NoSignal, StepTaken, RolloutKl, RolloutMasked, RolloutQueue, Staleness, StaleTokens],
        [HeldOutScore, HeldOutGold], training: Score);

    static double? EntropyShare(MetricHistory history) => history.Start(Length) > 0 && history.Start(Entropy) > 0 && history.Now(Length) > 0
        ? history.Now(Entropy) / history.Now(Length) / (history.Start(Entropy) / history.Start(Length)) : null;

    static string? HeldOutLags(MetricHistory history, HealthOptions limits)
    {
        var heldOut = history.HeldOut(HeldOutScore);
        if (history.Start(Score) is not { } start || heldOut.Count < 2)
            return null;
        var (gain, heldOutGain) = (heldOut.TrainingAtLast - start, heldOut.Last - heldOut.First);
        return gain > Noise * history.StartStd(Score) && heldOutGain < limits.MinHeldOutShare * gain
            ? $"the score rose by {N(gain)} on the training prompts and by {N(heldOutGain)} on the held-out ones" : null;
    }

    /// <summary>By the gold reward where there is one, else by the score on held-out prompts.</summary>
    static string? OverOptimised(MetricHistory history, HealthOptions limits)
    {
        var (name, heldOut) = history.HeldOut(HeldOutGold) is { Count: > 0 } gold
            ? ("gold reward", gold)
            : ("score", history.HeldOut(HeldOutScore));
        var least = heldOut.Best - limits.MaxLostShare * (heldOut.Best - heldOut.First);
        var then = double.IsNaN(heldOut.TrainingAtBest) ? history.Start(Score) : heldOut.TrainingAtBest;
        return heldOut.Count > 2 && heldOut.Last < least && heldOut.Before < least && heldOut.TrainingAtLast > then
            ? $"the {name} on held-out prompts fell from {N(heldOut.Best)} to {N(heldOut.Last)} while the training score rose from "
                + $"{N(then)} to {N(heldOut.TrainingAtLast)}" : null;
    }

    /// <summary>By the score on the training prompts, so that it needs no evaluation.</summary>
    static string? ScoreFell(MetricHistory history, HealthOptions limits)
    {
        if (history.Start(Score) is not { } start || history.Now(Score) is not { } now)
            return null;
        var (best, gain) = (history.Best(Score), history.Best(Score) - start);
        return gain > Noise * history.StartStd(Score) && now < best - limits.MaxLostShare * gain
            ? $"the score had risen from {N(start)} to {N(best)}, and has fallen to {N(now)}" : null;
    }

    static string N(double? value) => NumberFormat.Number(value ?? double.NaN);
}
