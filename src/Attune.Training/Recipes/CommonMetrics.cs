using Attune.Reporting.Reports;

namespace Attune.Training.Recipes;

/// <summary>Metrics that several methods describe in the same way.</summary>
static class CommonMetrics
{
    /// <summary>Metrics of methods with a teacher.</summary>
    public static IReadOnlyList<Metric> OfTeachers { get; } =
    [
        new("kl/forward", "KL(teacher ‖ student)", "nats a token",
            "The mean divergence of the teacher's distribution of the next token from the student's. Healthy: both curves fall."),
        new("kl/reverse", "KL(student ‖ teacher)", "nats a token",
            "The same in the other direction, which is large where the student writes what the teacher would not. Healthy: both curves "
                + "fall."),
        new("agreement", "Agreement with the teacher", "%",
            "How often both models find the same token most likely. Healthy: it rises."),
    ];

    /// <summary>The loss of methods with a critic.</summary>
    public static Metric TotalLoss { get; } = new("loss", "Total loss", "",
        "What the optimizer minimises: the policy loss, plus the value loss with its weight. It has no target level.")
    {
        Place = ChartPlace.Folded,
    };

    /// <summary>The loss of methods that compare responses with each other.</summary>
    public static Metric PolicyGradientLoss { get; } = new("loss", "Loss", "",
        "The policy loss, and the KL where it is penalised in the loss. It is near 0 by construction and has no target level.")
    {
        Place = ChartPlace.Folded,
    };

    /// <summary>Metrics of losses of DPO on pairs of sampled responses.</summary>
    public static IReadOnlyList<Metric> OfSampledPairs { get; } =
    [
        new("loss", "Loss", "",
            "The loss of pairs. Of the sigmoid loss, 0.69 is guessing. Healthy: it falls a little and levels off, since each step has new "
                + "pairs."),
        new("objective/scores_margin", "Difference of scores", "points",
            "The mean difference of the scores of the two responses of a pair. Healthy: above 0; it falls as responses become alike.")
        {
            Place = ChartPlace.Folded,
        },
        new("rewards/accuracies", "Accuracy on pairs", "%",
            "How often the response with the higher score has the higher implicit reward. Healthy: above 50 %; the pairs of a step are "
                + "new, so that it shows what holds for new prompts too.")
        {
            Place = ChartPlace.Folded,
        },
        new("rewards/margins", "Margin", "points",
            "The implicit reward of chosen responses minus that of rejected ones. Healthy: above 0; it stays small, since the pairs of a "
                + "step are new.")
        {
            Place = ChartPlace.Folded,
        },
        new("rewards/chosen", "Implicit rewards", "points",
            "β times the log-ratio of chosen and of rejected responses. Healthy: chosen above rejected, and both near 0: the pairs of a "
                + "step are new.") { Series = "chosen" },
        LogprobOfChosen("nats a response"), LogprobOfRejected("nats a response"),
    ];

    /// <summary>The score of the responses that those of the policy are compared with.</summary>
    public static Metric OpponentScores(string opponent) => new("objective/opponent_scores", $"Score of the {opponent}", "points",
        $"The mean score of the responses of the {opponent}.") { DrawnWith = "objective/scores", Series = opponent };

    public static Metric NllLoss(string responses) => new("nll_loss", "Negative log-likelihood", "nats a token",
        $"The negative log-likelihood of the {responses} responses. Healthy: it falls, or stays where the model was fine-tuned on them.");

    public static Metric LogprobOfChosen(string unit) => new("logps/chosen", "Log-probabilities of responses", unit,
        "The log-probability of chosen and of rejected responses. Healthy: that of chosen ones does not fall far.") { Series = "chosen" };

    public static Metric LogprobOfRejected(string unit) =>
        new("logps/rejected", "Log-probability of rejected responses", unit, "The log-probability of rejected responses.")
        {
            DrawnWith = "logps/chosen",
            Series = "rejected",
        };

    public static Metric LabelAccuracy => new("rewards/accuracies", "Accuracy on labels", "%",
        "How often a good response is above the baseline and a bad one below; 50 % is guessing. Healthy: the held-out curve rises too.");
}
