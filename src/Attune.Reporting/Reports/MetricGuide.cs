namespace Attune.Reporting.Reports;

/// <summary>Where the chart of a metric stands.</summary>
public enum ChartPlace
{
    /// <summary>Open, with the other curves that matter.</summary>
    Main,

    /// <summary>Folded away.</summary>
    Folded,

    /// <summary>It is no curve to look at.</summary>
    None,
}

/// <summary>A metric in words.</summary>
/// <param name="Name">As it stands in metrics.jsonl.</param>
/// <param name="Title">What people would call it.</param>
/// <param name="Unit">"%" for a share, which is shown times 100.</param>
/// <param name="Meaning">What it is, and what healthy looks like.</param>
public sealed record Metric(string Name, string Title, string Unit, string Meaning)
{
    public ChartPlace Place { get; init; }

    /// <summary>What its curve is called.</summary>
    public string Series { get; init; } = "training";

    /// <summary>The metric in whose chart it is drawn; null for one of its own.</summary>
    public string? DrawnWith { get; init; }

    /// <summary>Whether it was measured on data that is not trained on.</summary>
    public bool IsHeldOut => Name.StartsWith(HeldOut, StringComparison.Ordinal);

    /// <summary>What the names of held-out figures begin with.</summary>
    public const string HeldOut = "eval/";

    /// <summary>What values are multiplied by to have the unit.</summary>
    public double Scale => Unit == "%" ? 100 : 1;

    /// <summary>The place in the order of importance, 0 the first; unknown metrics stand last.</summary>
    public int Rank { get; init; } = int.MaxValue;

    /// <summary>A value in words with its unit where that is a sign.</summary>
    public string WithSign(string value) => Unit == "%" ? $"{value} %" : value;
}

/// <summary>
/// What every logged metric means, the most important first. A method may give a metric another meaning in its own runs
/// (<see cref="MethodDescription.Metrics"/>).
/// </summary>
public static class MetricGuide
{
    static readonly string[] KlEstimators = ["k1", "abs", "k2", "k3", "full"];

    const string Part = "rewards/";

    public static IReadOnlyList<Metric> All { get; } = [.. new Metric[]
    {
        new("objective/scores", "Score", "points",
            "What the reward source gives the answers, on average. Healthy: it climbs and then levels off. A late leap together with "
            + "a leap of the KL means that the model has found a trick; read its answers."),
        new("eval/score", "Score", "points", "The score of answers to held-out prompts.")
            { DrawnWith = "objective/scores", Series = "held-out" },
        new("objective/kl", "Distance from the start (KL)", "nats an answer",
            "How far the answers have moved from what the model said before. Healthy: it grows from 0 and settles; past 50 answers tend "
            + "to break, and below −1 sampling and training disagree."),
        new("eval/kl", "Distance from the start (KL)", "nats an answer", "The same, on held-out prompts.")
            { DrawnWith = "objective/kl", Series = "held-out" },
        new("rewards/accuracies", "Pairs in the right order", "%",
            "How often the answer that people preferred scores higher; 50 % is guessing. Healthy: the held-out curve climbs too. People "
            + "agree with each other on about three pairs of four, so 70 to 80 % is good."),
        new("loss", "Loss", "nats a token",
            "How surprised the model is by the tokens it should write; lower is better. Healthy: it falls fast, then slowly. When held-out "
            + "rises again, the model begins to learn the examples by heart."),
        new("accuracy", "Tokens guessed right", "%",
            "How often the model's first guess is the token that really follows. Healthy: it climbs as the loss falls."),
        new("rewards/margins", "Margin", "points",
            "By how much the preferred answer scores higher than the other one, on average. Healthy: above 0 and growing."),
        new("rewards/chosen", "Scores of both sides", "points",
            "The scores of preferred and of rejected answers. Healthy: they part; where both stand does not matter.")
            { Series = "preferred" },
        new("rewards/rejected", "Scores of rejected answers", "points", "The other side.")
            { DrawnWith = "rewards/chosen", Series = "rejected" },
        new("rewards/disagreement", "Disagreement of heads", "points",
            "The deviation between the heads of an ensemble about how far apart two answers are. Healthy: far below the margin.")
            { Place = ChartPlace.Folded },
        new("responses/length", "Length of an answer", "tokens",
            "Healthy: it moves a little. A run to the limit or to nothing means that length itself is being rewarded."),
        new("eval/length", "Length of an answer", "tokens", "The same, on held-out prompts.")
            { DrawnWith = "responses/length", Series = "held-out" },
        new("responses/ended", "Answers that end by themselves", "%",
            "The others were cut off at the greatest length. Healthy: high, and not falling."),
        new("eval/ended", "Answers that end by themselves", "%", "The same, on held-out prompts.")
            { DrawnWith = "responses/ended", Series = "held-out" },
        new("eval/gold", "Gold reward", "points",
            "What a second reward, which is not trained on, gives the held-out answers. Healthy: it climbs with the score. Where it falls "
            + "while the score climbs, the score is being exploited.") { Series = "held-out" },
        new("responses/repetition", "Repetition", "%",
            "How much of an answer, three tokens at a time, was said in it before. Healthy: near where it began.")
            { Place = ChartPlace.Folded },
        new("responses/distinct", "Different answers of a step", "%",
            "How many of the answers of a step differ from each other. Healthy: level; a fall means one answer to everything.")
            { Place = ChartPlace.Folded },
        new("value/explained_variance", "Variance that the values explain", "",
            "1 for a perfect forecast of the returns, 0 for none, below 0 for one that misleads. Healthy: it climbs in the first steps, then stays above 0.")
            { Place = ChartPlace.Folded },
        new("eval/distinct", "Variety", "%",
            "How many of the held-out answers differ from each other. Healthy: near 100 %; a fall means one answer to everything.")
            { Series = "held-out" },
        new("objective/entropy", "Freedom of choice (entropy)", "nats an answer",
            "How open the choice of words still is. Healthy: it falls slowly; near 0 the answers no longer vary."),
        new("objective/rlhf_reward", "Score less the price of distance", "points",
            "What PPO maximises: the score, minus β times the KL. Healthy: it climbs.") { Place = ChartPlace.Folded },
        new("objective/kl_coef", "Price of distance (β)", "points a nat",
            "What a nat of KL costs. Level, unless a KL target is set: then it rises while the KL is above the target.")
            { Place = ChartPlace.Folded },
        new("policy/approx_kl", "Movement in a step", "nats a token",
            "How far one step's updates move the model from the one that answered. Healthy: below 0.05; more asks for a lower learning "
            + "rate or fewer epochs.") { Place = ChartPlace.Folded },
        new("policy/clipfrac", "Clipped tokens", "%",
            "Tokens whose probability moved so far in a step that they no longer count. Healthy: below 30 %.")
            { Place = ChartPlace.Folded },
        new("policy/ratio", "Probability ratio", "",
            "The probability of a sampled token now, over that when it was sampled. Healthy: within a few hundredths of 1.")
            { Place = ChartPlace.Folded },
        new("loss/policy", "Policy loss", "", "It has no level to reach. Healthy: small, on both sides of 0.")
            { Place = ChartPlace.Folded },
        new("loss/value", "Value loss", "points²",
            "Half the squared error of the model's forecast of its own reward. Healthy: it falls, then stays.")
            { Place = ChartPlace.Folded },
        new("loss/kl", "KL in the loss", "nats a token", "The distance from the reference that is paid for in the loss. Healthy: small, and level.")
            { Place = ChartPlace.Folded },
        new("loss/text", "Loss of the text mixed in", "nats a token", "How well the text beside RL is still known. Healthy: level, or falling.")
            { Place = ChartPlace.Folded },
        new("policy/entropy", "Entropy of a token", "nats", "How open the choice of a token is. Healthy: it falls slowly.")
            { Place = ChartPlace.Folded },
        new("policy/updates_left_out", "Updates left out", "a step",
            "Updates that were not applied, since the policy had moved too far or a number was not finite. Healthy: none, or few.")
            { Place = ChartPlace.Folded },
        new("grad_norm", "Length of the gradient", "",
            "Before it is shortened to the limit. Healthy: it settles; a single peak does no harm.") { Place = ChartPlace.Folded },
        new("learning_rate", "Learning rate", "", "How large the steps are, as the schedule wants it.") { Place = ChartPlace.Folded },
        new("tokens", "Tokens in a step", "tokens", "How much text a step learns from.") { Place = ChartPlace.Folded },
        new("time/rollout", "Where the time goes", "seconds a step",
            "The three parts of a step. On small models answering takes longest.") { Place = ChartPlace.Folded, Series = "answering" },
        new("time/score", "Time to score", "seconds a step", "The reward source and the reference.")
            { DrawnWith = "time/rollout", Series = "scoring" },
        new("time/optimise", "Time to learn", "seconds a step", "The updates.") { DrawnWith = "time/rollout", Series = "learning" },
        new("epoch", "Passes over the data", "", "How often every example has been seen.") { Place = ChartPlace.None },
        new("time/seconds", "Time", "seconds", "How long the run has worked.") { Place = ChartPlace.None },
    }.Concat(KlEstimators.Select(OfEstimator)).Select((metric, at) => metric with { Rank = at })];

    static Metric OfEstimator(string name) =>
        new($"objective/kl_{name}", "KL by its estimator", "nats an answer", "The KL again, under the name of its estimator.") { Place = ChartPlace.None };

    /// <summary>
    /// What a metric means in the runs of a method. A held-out figure is told by the one it repeats, an unknown one by its name.
    /// </summary>
    public static Metric Find(string name, MethodDescription method)
    {
        var known = All.FirstOrDefault(metric => metric.Name == name);
        if (method.Metrics.FirstOrDefault(metric => metric.Name == name) is { } own)
            return own with { Rank = known?.Rank ?? own.Rank };
        if (known is not null)
            return known;
        if (!name.StartsWith(Metric.HeldOut, StringComparison.Ordinal))
            return Unknown(name) with { Place = ChartPlace.Folded };
        var seen = Find(name[Metric.HeldOut.Length..], method);
        var series = seen.Series == "training" ? "held-out" : $"{seen.Series}, held-out";
        return seen with { Name = name, DrawnWith = seen.DrawnWith ?? seen.Name, Series = series };
    }

    /// <summary>A part of the reward by its name, or a metric that says no more than that.</summary>
    static Metric Unknown(string name) => name.StartsWith(Part, StringComparison.Ordinal)
        ? new(name, $"Score of the part {name[Part.Length..]}", "points", "What this part of the reward gives the answers, on average, before it is scaled and weighted.")
        : new(name, name, "", "");
}
