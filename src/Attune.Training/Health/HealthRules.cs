using Attune.Reporting.Charts;
using Attune.Reporting.Health;

namespace Attune.Training.Health;

/// <summary>The one list of what a run is watched for.</summary>
static class HealthRules
{
    const string Score = "objective/scores", Kl = "objective/kl", Entropy = "objective/entropy", Ratio = "policy/ratio", Clipped = "policy/clipfrac";
    const string Length = "responses/length", Ended = "responses/ended", Repetition = "responses/repetition", Distinct = "responses/distinct";
    const string Explained = "value/explained_variance", HeldOutScore = "eval/score", HeldOutGold = "eval/gold";
    const string Loss = "loss", Gradient = "grad_norm";

    /// <summary>A gain in training counts when it is this many deviations of the first steps' scores.</summary>
    const double Noise = 4;

    /// <summary>The value head starts at nothing, and has this many windows to learn.</summary>
    const int WindowsToLearnValues = 4;

    const double RepetitionGrowth = 0.1;

    public static IReadOnlyList<HealthRule> All { get; } =
    [
        new("notFinite", "not a number", Severity.Alarm,
            "Look at the scores of the reward source first, then take a smaller learning rate, and train in float32.",
            (seen, _) => Array.Find([Kl, Score, Ratio, Entropy, Loss, Gradient], name => !seen.IsFinite(name)) is { } broken ? $"{broken} is not a finite number" : null)
            { IsUrgent = true },
        new("klHigh", "KL too high", Severity.Alarm,
            "Raise kl.coef, or let kl.controller be adaptive with a kl.target, or take a smaller learning rate; read the answers for tricks.",
            (seen, limits) => seen.Now(Kl) > limits.MaxKl ? $"the KL from the reference is {N(seen.Now(Kl))} nats an answer, above {N(limits.MaxKl)}" : null)
            { EasedByBeta = true },
        new("klNegative", "KL negative", Severity.Alarm,
            "Sampling and training disagree: run with --self-test, look at the sampling settings, and take a KL estimator that cannot be negative (k3) if it is noise.",
            (seen, limits) => seen.Now(Kl) < limits.MinKl ? $"the KL from the reference is {N(seen.Now(Kl))} nats an answer, below {N(limits.MinKl)}" : null),
        new("ratio", "ratio far from 1", Severity.Alarm,
            "A step moves too far: take a smaller learning rate, fewer updates.epochs, or a ppo.targetKl that ends a step early.",
            (seen, limits) => Math.Abs((seen.Now(Ratio) ?? 1) - 1) > limits.MaxRatioError
                ? $"tokens are {N(seen.Now(Ratio))} times as probable after an update as when they were sampled; within {N(limits.MaxRatioError)} of 1 is healthy" : null),
        new("clipped", "many tokens clipped", Severity.Warning,
            "A step wants to go further than it may: take a smaller learning rate or fewer updates.epochs.",
            (seen, limits) => seen.Now(Clipped) > limits.MaxClipShare ? $"{NumberFormat.Percent(seen.Now(Clipped)!.Value)} of the tokens are clipped, more than {NumberFormat.Percent(limits.MaxClipShare)}" : null),
        new("entropy", "entropy collapsed", Severity.Alarm,
            "All answers are becoming one: raise kl.coef, set ppo.entropyCoef to about 0.01, or take a smaller learning rate.",
            (seen, limits) => EntropyShare(seen) is { } share && share < limits.MinEntropyShare ? $"the entropy of a token is {NumberFormat.Percent(share)} of what it was in the first steps" : null)
            { EasedByBeta = true },
        new("length", "length drifts", Severity.Warning,
            "Length itself may be rewarded: compare scores of short and long answers, and set scores.lengthPenalty, or scores.missingEosPenalty for answers that run to the limit.",
            (seen, limits) => seen.Start(Length) is > 0 and var start && seen.Now(Length) is { } now && (now > start * limits.MaxLengthFactor || now * limits.MaxLengthFactor < start)
                ? $"answers have {N(now)} tokens, {N(start)} in the first steps" : null)
            { EasedByBeta = true },
        new("ended", "answers do not end", Severity.Warning,
            "Set scores.missingEosPenalty, raise sampling.maxNewTokens, or fine-tune on answers that end.",
            (seen, limits) => seen.Now(Ended) < limits.MinEnded ? $"only {NumberFormat.Percent(seen.Now(Ended)!.Value)} of the answers end by themselves" : null)
            { EasedByBeta = true },
        new("repetition", "answers repeat themselves", Severity.Alarm,
            "Raise kl.coef, and add a reward that takes points for repetition.",
            (seen, limits) => seen.Now(Repetition) is { } now && now > Math.Max(limits.MaxRepetition, seen.Start(Repetition)!.Value + RepetitionGrowth)
                ? $"{NumberFormat.Percent(now)} of three tokens in a row were said before in the same answer, {NumberFormat.Percent(seen.Start(Repetition)!.Value)} in the first steps" : null)
            { EasedByBeta = true },
        new("distinct", "one answer to all", Severity.Alarm,
            "The policy gives the same answer to many prompts: raise kl.coef or ppo.entropyCoef, and look at what the reward source likes about that answer.",
            (seen, limits) => seen.Now(Distinct) < limits.MinDistinctShare * seen.Start(Distinct)
                ? $"{NumberFormat.Percent(seen.Now(Distinct)!.Value)} of the answers differ from each other, {NumberFormat.Percent(seen.Start(Distinct)!.Value)} in the first steps" : null)
            { EasedByBeta = true },
        new("values", "values do not explain", Severity.Warning,
            "Warm the critic up (critic.warmupSteps), raise ppo.valueCoef, or widen ppo.valueClipRange.",
            (seen, limits) => seen.Count(Explained) > WindowsToLearnValues * limits.Window && seen.Now(Explained) < limits.MinExplainedVariance
                ? $"the values explain {N(seen.Now(Explained))} of the variance of the returns: a constant would do better" : null),
        new("heldOut", "held-out score lags", Severity.Warning,
            "What is learned does not carry over: train on more prompts, for fewer epochs.",
            HeldOutLags),
        new("overOptimised", "over-optimised", Severity.Alarm,
            "The reward source is being exploited: stop here and keep the best checkpoint, raise kl.coef, or train the reward source on answers of this policy.",
            OverOptimised)
            { EasedByBeta = true },
    ];

    /// <summary>The history that the rules look at.</summary>
    public static MetricHistory NewHistory(int window) => new(
        window, [Score, Kl, Entropy, Ratio, Clipped, Length, Ended, Repetition, Distinct, Explained, Loss, Gradient], [HeldOutScore, HeldOutGold], training: Score);

    static double? EntropyShare(MetricHistory seen) => seen.Start(Length) > 0 && seen.Start(Entropy) > 0 && seen.Now(Length) > 0
        ? seen.Now(Entropy) / seen.Now(Length) / (seen.Start(Entropy) / seen.Start(Length)) : null;

    static string? HeldOutLags(MetricHistory seen, HealthOptions limits)
    {
        var held = seen.HeldOut(HeldOutScore);
        if (seen.Start(Score) is not { } start || held.Count < 2)
            return null;
        var (gain, heldGain) = (held.TrainingAtLast - start, held.Last - held.First);
        return gain > Noise * seen.StartStd(Score) && heldGain < limits.MinHeldOutShare * gain
            ? $"the score rose by {N(gain)} on the training prompts and by {N(heldGain)} on the held-out ones" : null;
    }

    /// <summary>By the gold reward where there is one, else by the score on held-out prompts.</summary>
    static string? OverOptimised(MetricHistory seen, HealthOptions limits)
    {
        var (name, held) = seen.HeldOut(HeldOutGold) is { Count: > 0 } gold ? ("gold reward", gold) : ("score", seen.HeldOut(HeldOutScore));
        var least = held.Best - limits.MaxLostShare * (held.Best - held.First);
        var then = double.IsNaN(held.TrainingAtBest) ? seen.Start(Score) : held.TrainingAtBest;
        return held.Count > 2 && held.Last < least && held.Before < least && held.TrainingAtLast > then
            ? $"the {name} on held-out prompts fell from {N(held.Best)} to {N(held.Last)} while the training score rose from {N(then)} to {N(held.TrainingAtLast)}" : null;
    }

    static string N(double? value) => NumberFormat.Number(value ?? double.NaN);
}
