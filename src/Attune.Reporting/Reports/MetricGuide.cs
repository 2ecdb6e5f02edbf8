using System.Globalization;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>Where the chart of a metric is shown.</summary>
public enum ChartPlace
{
    /// <summary>With the main charts.</summary>
    Main,

    /// <summary>With the collapsed charts.</summary>
    Folded,

    /// <summary>Nowhere.</summary>
    None,
}

/// <summary>The description of a metric.</summary>
/// <param name="Name">The name in metrics.jsonl.</param>
/// <param name="Title">The title of its chart.</param>
/// <param name="Unit">The unit; "%" for a share, which is shown multiplied by 100.</param>
/// <param name="Meaning">What it measures, and how a healthy curve looks.</param>
public sealed record Metric(string Name, string Title, string Unit, string Meaning)
{
    public ChartPlace Place { get; init; }

    /// <summary>The name of its curve.</summary>
    public string Series { get; init; } = "training";

    /// <summary>The metric in whose chart it is drawn; null for its own chart.</summary>
    public string? DrawnWith { get; init; }

    /// <summary>Whether it is measured on held-out data.</summary>
    public bool IsHeldOut => Name.StartsWith(HeldOut, StringComparison.Ordinal);

    /// <summary>The prefix of the names of held-out metrics.</summary>
    public const string HeldOut = "eval/";

    /// <summary>The smallest range of the y-axis of its chart, in its unit; 0 where the scale is unknown.</summary>
    public double LeastSpan => Unit.StartsWith("nats", StringComparison.Ordinal) ? 0.1 : 0;

    /// <summary>The factor that converts values to the unit.</summary>
    public double Scale => Unit == "%" ? 100 : 1;

    /// <summary>The rank by importance, 0 the first; unknown metrics are last.</summary>
    public int Rank { get; init; } = int.MaxValue;

    /// <summary>A value as text, with a percent sign where the unit is "%".</summary>
    public string WithSign(string value) => Unit == "%" ? $"{value} %" : value;
}

/// <summary>
/// The descriptions of all logged metrics, the most important first. A method can replace descriptions for its own runs
/// (<see cref="MethodDescription.Metrics"/>).
/// </summary>
public static class MetricGuide
{
    /// <summary>The number of held-out examples of an evaluation: prompts, rows or comparisons.</summary>
    public const string HeldOutExamples = "eval/examples";

    /// <summary>The KL of a training step, with the estimator of <c>kl.estimator</c>.</summary>
    internal const string Kl = "objective/kl";

    /// <summary>The KL of an evaluation.</summary>
    internal const string HeldOutKl = "eval/kl";

    /// <summary>The estimator of <see cref="HeldOutKl"/>.</summary>
    internal const string HeldOutKlEstimator = "k1";

    const string Part = "rewards/";

    const char Variant = '@';

    static readonly Dictionary<string, string> KlEstimators = new(StringComparer.Ordinal)
    {
        ["k1"] = "log π − log π_ref",
        ["abs"] = "|log π − log π_ref|",
        ["k2"] = "½ (log π − log π_ref)²",
        ["k3"] = "π_ref/π − 1 − log(π_ref/π)",
        ["full"] = "Σ π (log π − log π_ref) over the vocabulary",
    };

    public static IReadOnlyList<Metric> All { get; } = [.. new Metric[]
    {
        new("objective/scores", "Score", "points",
            "The mean score of the responses by the reward source. Healthy: it rises and then levels off. A late jump together with a jump "
            + "of the KL means that the policy exploits the reward (reward hacking); read its responses."),
        new("eval/score", "Score", "points", "The mean score of responses to held-out prompts.")
            { DrawnWith = "objective/scores", Series = "held-out" },
        new("eval/score_p10", "Score, 10th percentile", "points", "A tenth of the held-out scores is below it.")
            { Place = ChartPlace.None },
        new("eval/score_p90", "Score, 90th percentile", "points", "A tenth of the held-out scores is above it.")
            { Place = ChartPlace.None },
        new(Kl, "KL from the reference", "nats a response",
        "The KL divergence of the policy from the reference. Healthy: it grows from 0 and levels off; above 50 nats, responses "
        + "tend to degenerate; and below −1 sampling and training disagree."),
        new(HeldOutKl, "KL from the reference", "nats a response", "The KL on held-out prompts.")
            { DrawnWith = Kl, Series = "held-out" },
        new("rewards/accuracies", "Accuracy on pairs", "%",
        "How often the chosen response scores higher; 50 % is guessing. Healthy: the held-out curve rises too. Annotators agree with "
        + "each other on about three pairs of four, so 70 to 80 % is good."),
        new("loss", "Loss", "nats a token",
            "The cross-entropy of the target tokens; lower is better. Healthy: it falls fast, then slowly. When the held-out curve rises "
            + "again, the model overfits."),
        new("accuracy", "Token accuracy", "%",
        "How often the most likely token is the target token. Healthy: it rises as the loss falls."),
        new("rewards/margins", "Margin", "points",
            "By how much the chosen response scores higher than the rejected one, on average. Healthy: above 0 and growing."),
        new("rewards/chosen", "Scores of chosen and rejected responses", "points",
        "The mean scores of chosen and of rejected responses. Healthy: their difference grows; their level does not matter.")
        { Series = "chosen" },
        new("rewards/rejected", "Scores of rejected responses", "points", "The mean score of rejected responses.")
            { DrawnWith = "rewards/chosen", Series = "rejected" },
        new("rewards/disagreement", "Disagreement of heads", "points",
            "The standard deviation of the margin between the heads of an ensemble. Healthy: far below the margin.")
            { Place = ChartPlace.Folded },
        new("responses/length", "Response length", "tokens",
        "The mean length of the responses. Healthy: it changes little. A rise to the limit or a fall to 0 means that the reward favours a "
            + "length."),
        new("eval/length", "Response length", "tokens", "The mean length of responses to held-out prompts.")
            { DrawnWith = "responses/length", Series = "held-out" },
        new("responses/ended", "Responses that end", "%",
        "Responses that end with an end-of-sequence token or a stop string; the others were cut off at the maximum length. "
        + "Healthy: high, and not falling."),
        new("eval/ended", "Responses that end", "%", "The share of responses to held-out prompts that end.")
            { DrawnWith = "responses/ended", Series = "held-out" },
        new("episodes/turns", "Turns of an episode", "turns", "The mean number of turns. It shows how the policy uses its environment."),
        new("eval/turns", "Turns of an episode", "turns", "The mean number of turns of episodes from held-out prompts.")
            { DrawnWith = "episodes/turns", Series = "held-out" },
        new("episodes/ended", "Episodes that end", "%",
            "Episodes that their environment ended; the others reached the maximum of turns or tokens, or have a turn that was cut off."),
        new("episodes/tool_calls", "Calls of tools", "calls an episode", "The mean number of calls. Healthy: it changes with the score."),
        new("episodes/tool_errors", "Calls that fail", "%",
            "Calls of unknown tools, calls that cannot be read, and tools that failed or took too long. Healthy: it falls."),
        new("eval/gold", "Gold reward", "points",
            "The mean of a second reward, which is not trained on, on held-out prompts. Healthy: it rises with the score. Where it falls "
            + "while the score rises, the score is over-optimised.") { Series = "held-out" },
        new("responses/repetition", "Repetition", "%",
            "The share of 3-grams of tokens that repeat an earlier one of the same response. Healthy: near its initial value.")
            { Place = ChartPlace.Folded },
        new("responses/distinct", "Distinct responses of a step", "%",
        "The share of distinct responses among the first ones to each prompt of a step. Healthy: constant; a fall means the same response "
            + "to many prompts.")
            { Place = ChartPlace.Folded },
        new("responses/groups_without_signal", "Groups without signal", "%",
            "Prompts whose responses all have the same score: a method that compares them learns nothing from these. Healthy: below 50 %.")
            { Place = ChartPlace.Folded },
        new("responses/without_score", "Responses without a score", "%",
            "The share of responses that no reward applies to; they are left out of means and have no advantage. Logged where there are "
            + "any.")
            { Place = ChartPlace.Folded },
        new("responses/groups_replaced", "Replaced groups", "%",
            "Prompts whose responses all had the same score and that were replaced by others (dynamic sampling).")
            { Place = ChartPlace.Folded },
        new("value/explained_variance", "Explained variance of the values", "",
        "1 − Var(returns − values) / Var(returns): 1 for perfect values, 0 for a constant, below 0 for values that are worse "
        + "than a constant. Healthy: it rises in the first steps, then stays above 0.")
            { Place = ChartPlace.Folded },
        new("eval/distinct", "Distinct responses", "%",
        "The share of distinct responses to held-out prompts. Healthy: near 100 %; a fall means the same response to many prompts.")
            { Series = "held-out" },
        new("objective/entropy", "Entropy of responses", "nats a response",
        "−log π of sampled responses, an estimate of the policy's entropy. Healthy: it falls slowly; near 0 responses no longer vary."),
        new("objective/rlhf_reward", "Score minus KL penalty", "points",
        "The score minus β times the KL: the objective of RLHF. Healthy: it rises.") { Place = ChartPlace.Folded },
        new("objective/kl_coef", "KL coefficient (β)", "points a nat",
        "The coefficient of the KL penalty. It is constant, unless a KL target is set: then it rises while the KL is above the target.")
            { Place = ChartPlace.Folded },
        new("policy/approx_kl", "KL of a step's updates", "nats a token",
        "An estimate of the KL between the policy and the one that sampled the responses, ½ (log-ratio)². Healthy: below 0.05; if it is "
        + "higher, use a lower learning rate or fewer epochs.") { Place = ChartPlace.Folded },
        new("policy/first_approx_kl", "KL before the first update of a step", "nats a token",
            "The same before the first update of a step, when the policy is the one that sampled. Healthy: 0, but for rounding.")
            { Place = ChartPlace.Folded },
        new("rollout/kl", "KL between servers and policy", "nats a token",
            "The KL of the policy before its updates from the servers that sampled, by their log-probabilities: other arithmetic, and "
            + "older weights. Healthy: below 0.001 with the same weights, and below 0.05 with older ones.")
            { Place = ChartPlace.Folded },
        new("rollout/logprob_gap", "Gap to the servers' log-probabilities", "nats a token",
            "The mean of |log π − log π_server|. Healthy: below 0.02 with the same weights.")
            { Place = ChartPlace.Folded },
        new("rollout/logprob_gap_max", "Largest gap to the servers' log-probabilities", "nats", "The largest of a step.")
            { Place = ChartPlace.Folded },
        new("rollout/weight", "Importance weight", "",
            "The mean of what rollout.correction multiplies the policy loss by. Healthy: near 1.") { Place = ChartPlace.Folded },
        new("rollout/masked", "Tokens left out by the correction", "%",
            "Tokens whose policy loss rollout.correction multiplies by 0. Healthy: below 10 %.") { Place = ChartPlace.Folded },
        new("rollout/staleness", "Age of the weights that sampled", "updates",
            "How many updates the policy has made since the weights that sampled, a mean over tokens. At most rollout.maxStaleness.")
            { Place = ChartPlace.Folded },
        new("rollout/stale_tokens", "Tokens of older weights", "%",
            "Tokens that were sampled with weights from before the last update.") { Place = ChartPlace.Folded },
        new("rollout/queue", "Steps whose responses are ready", "steps",
            "At the start of a step, with rollout.maxStaleness above 0. Near 0, training waits for responses.")
            { Place = ChartPlace.Folded },
        new("policy/clipfrac", "Clipped tokens", "%",
            "Tokens whose probability ratio is outside of the clip range. Healthy: below 30 %.")
            { Place = ChartPlace.Folded },
        new("policy/ratio", "Probability ratio", "",
            "The mean of π / π_old over sampled tokens. Healthy: within a few hundredths of 1.")
            { Place = ChartPlace.Folded },
        new("loss/policy", "Policy loss", "",
            "The clipped loss of the policy gradient. It has no target level. Healthy: small, on both sides of 0.")
            { Place = ChartPlace.Folded },
        new("loss/value", "Value loss", "points²",
            "Half the squared error of the values against the returns. Healthy: it falls, then stays.")
            { Place = ChartPlace.Folded },
        new("loss/kl", "KL in the loss", "nats a token",
            "The KL from the reference that is penalised in the loss. Healthy: small and constant.")
            { Place = ChartPlace.Folded },
        new("loss/text", "Pretraining loss (PPO-ptx)", "nats a token",
        "The language modelling loss of the text that is mixed in. Healthy: constant or falling.")
            { Place = ChartPlace.Folded },
        new("policy/entropy", "Entropy of a token", "nats", "The mean entropy of the next token's distribution. Healthy: it falls slowly.")
            { Place = ChartPlace.Folded },
        new("policy/updates_left_out", "Skipped updates", "a step",
        "Updates that were not applied, because the policy had changed too much or a number was not finite. Healthy: none or few.")
            { Place = ChartPlace.Folded },
        new("grad_norm", "Gradient norm", "",
        "The norm of the gradient before clipping. Healthy: it levels off; a single peak is harmless.") { Place = ChartPlace.Folded },
        new("learning_rate", "Learning rate", "", "The learning rate of the schedule.") { Place = ChartPlace.Folded },
        new("tokens", "Tokens in a step", "tokens", "The tokens of a step's batch.") { Place = ChartPlace.Folded },
        new("time/rollout", "Time of a step", "seconds a step",
        "The time of the three parts of a step: sampling, scoring and updates.") { Place = ChartPlace.Folded, Series = "sampling" },
        new("time/score", "Time to score", "seconds a step", "The time of the reward source, the reference and the values.")
            { DrawnWith = "time/rollout", Series = "scoring" },
        new("time/optimise", "Time of updates", "seconds a step", "The time of the updates.")
        { DrawnWith = "time/rollout", Series = "updates" },
        new(HeldOutExamples, "Held-out examples", "", "The prompts, rows or comparisons of an evaluation.") { Place = ChartPlace.None },
        new("epoch", "Passes over the data", "", "Passes over the training data.") { Place = ChartPlace.None },
        new("time/seconds", "Time", "seconds", "The time that the run has trained.") { Place = ChartPlace.None },
    }.Concat(KlEstimators.Keys.Select(OfEstimator)).Select((metric, at) => metric with { Rank = at })];

    /// <summary>The name of a metric that was measured at a value of an option, such as eval/score@beta=4.</summary>
    public static string At(string name, string option, double value) => string.Create(
        CultureInfo.InvariantCulture, $"{name}{Variant}{option}={value}");

    /// <summary>The formula of a KL estimator.</summary>
    internal static string FormulaOf(string estimator) => KlEstimators[estimator];

    /// <summary>The KL estimator of the training steps of a run; null where it logs no KL.</summary>
    internal static string? KlEstimatorOf(RunRecord record) =>
        KlEstimators.Keys.FirstOrDefault(name => record.Metrics.Any(metric => metric.Name == $"{Kl}_{name}"));

    static Metric OfEstimator(string name) =>
        new($"{Kl}_{name}", $"KL from the reference ({name})", "nats a response", "The KL, with the name of its estimator.")
        {
            Place = ChartPlace.None,
        };

    /// <summary>
    /// The description of a metric in the runs of a method. A held-out metric is described by the training metric, an unknown one by its
    /// name.
    /// </summary>
    public static Metric Find(string name, MethodDescription method)
    {
        var known = All.FirstOrDefault(metric => metric.Name == name);
        if (method.Metrics.FirstOrDefault(metric => metric.Name == name) is { } described)
            return described with { Rank = known?.Rank ?? described.Rank };
        if (known is not null)
            return known;
        if (name.Split(Variant) is [var plain, var variant])
            return AtVariant(Find(plain, method), name, variant);
        if (!name.StartsWith(Metric.HeldOut, StringComparison.Ordinal))
            return Unknown(name) with { Place = ChartPlace.Folded };
        var training = Find(name[Metric.HeldOut.Length..], method);
        var series = training.Series == "training" ? "held-out" : $"{training.Series}, held-out";
        return training with { Name = name, DrawnWith = training.DrawnWith ?? training.Name, Series = series };
    }

    /// <summary>Whether a metric is drawn in one of the main charts of a method.</summary>
    public static bool IsMain(Metric metric, MethodDescription method) =>
        Find(metric.DrawnWith ?? metric.Name, method).Place == ChartPlace.Main;

    static Metric AtVariant(Metric main, string name, string variant) =>
        main with { Name = name, DrawnWith = main.DrawnWith ?? main.Name, Series = $"{main.Series}, {variant}" };

    /// <summary>The description of a reward's part or of an unknown metric.</summary>
    static Metric Unknown(string name) => name.StartsWith(Part, StringComparison.Ordinal)
        ? new(
            name, $"Score of the part {name[Part.Length..]}", "points",
            "The mean score of this part of the reward, before scaling and weighting.")
        : new(name, name, "", "");
}
