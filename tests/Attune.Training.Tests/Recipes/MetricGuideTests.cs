using Attune.Reporting.Reports;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Recipes;

public sealed class MetricGuideTests
{
    static readonly string[] Always = ["loss", "grad_norm", "learning_rate", "time/seconds"];
    static readonly string[] Tokens = [.. Always, "accuracy", "tokens", "epoch", "eval/loss", "eval/accuracy", "eval/tokens"];

    static readonly string[] Pairs =
    [
        .. Always, "epoch", "rewards/accuracies", "rewards/margins", "rewards/chosen", "rewards/rejected", "logps/chosen", "logps/rejected",
        "eval/loss", "eval/rewards/accuracies", "eval/rewards/margins", "eval/rewards/chosen", "eval/logps/chosen", "eval/logps/rejected",
    ];

    /// <summary>The metrics that loops and objectives log.</summary>
    static readonly Dictionary<string, string[]> Logged = new(StringComparer.Ordinal)
    {
        ["pretrain"] = Tokens,
        ["sft"] = Tokens,
        ["reward"] =
        [
            .. Always, "epoch", "rewards/accuracies", "rewards/margins", "rewards/chosen", "rewards/rejected", "eval/loss",
            "eval/rewards/accuracies", "eval/rewards/margins", "eval/rewards/chosen", "eval/rewards/rejected",
        ],
        ["ilql"] =
        [
            .. Always, "epoch", "loss/q", "loss/value", "loss/cql", "loss/awac", "values/mean", "qvalues/0/mean", "qvalues/1/mean",
            "qvalues/1/std", "values/min", "advantages/mean", "advantages/max", "awac_weight/mean", "awac_weight/std", "eval/loss",
            "eval/values/std", "eval/loss/q", "eval/score", "eval/score@beta=0", "eval/length@beta=0.5",
        ],
        ["prm"] =
        [
            .. Always, "epoch", "accuracy", "steps/right", "steps/predicted_right", "eval/loss", "eval/accuracy", "eval/steps/right",
            "eval/steps/predicted_right",
        ],
        ["dpo"] = [.. Pairs, "loss/sigmoid", "eval/loss/bcoPair"],
        ["cpo"] = [.. Pairs, "nll_loss"],
        ["orpo"] = [.. Pairs, "nll_loss", "log_odds_ratio", "log_odds_chosen", "eval/log_odds_chosen"],
        ["tpo"] = [.. Pairs, "nll_loss", "eval/nll_loss"],
        ["ppo"] =
        [
            .. Always, "objective/scores", "objective/kl", "objective/kl_coef", "objective/rlhf_reward", "objective/entropy",
            "responses/length", "responses/ended", "loss/policy", "loss/value", "policy/approx_kl", "policy/clipfrac", "policy/ratio",
            "responses/repetition", "responses/distinct", "value/explained_variance", "eval/gold", "time/rollout", "time/score",
                "time/optimise", "eval/length", "eval/ended", "eval/score", "eval/kl", "eval/distinct",
        ],
    };

    static Metric Find(string name, string method) => MetricGuide.Find(name, MethodCatalog.Find(method)!);

    public static TheoryData<string> Methods => [.. Logged.Keys];

    [Theory]
    [MemberData(nameof(Methods))]
    public void EveryLoggedMetricIsExplained(string method) => Assert.All(Logged[method], name =>
    {
        var metric = Find(name, method);
        Assert.NotEqual(name, metric.Title);
        Assert.EndsWith(".", metric.Meaning, StringComparison.Ordinal);
        if (metric.DrawnWith is { } other)
            Assert.Null(Find(other, method).DrawnWith);
    });

    [Fact]
    public void NoRowIsShadowedByOneBeforeIt() => Assert.All(MetricGuide.All, metric =>
        Assert.Same(metric, MetricGuide.Find(metric.Name, new("another"))));

    [Fact]
    public void AMetricOfAMethodKeepsItsPlaceAmongTheOthers()
    {
        var (own, other) = (Find("loss", "reward"), Find("loss", "sft"));
        Assert.NotEqual(own.Meaning, other.Meaning);
        Assert.Equal(other.Rank, own.Rank);
    }

    [Fact]
    public void LossMeansWhatItsMethodMakesOfIt()
    {
        string[] methods = ["sft", "reward", "ppo"];
        Assert.Equal(["Loss", "Comparison loss", "Total loss"], methods.Select(method => Find("loss", method).Title));
    }

    [Fact]
    public void AHeldOutFigureJoinsTheChartOfTheOneItRepeats()
    {
        var metric = Find("eval/rewards/rejected", "reward");
        Assert.Equal(("rewards/chosen", "rejected, held-out"), (metric.DrawnWith, metric.Series));
        Assert.True(metric.IsHeldOut);
    }

    [Fact]
    public void AMetricAtAValueOfAnOptionJoinsTheChartOfTheMetric()
    {
        var metric = Find(MetricGuide.At("eval/score", "beta", 0.5), "ilql");
        Assert.Equal(("eval/score@beta=0.5", "objective/scores", "held-out, beta=0.5"), (metric.Name, metric.DrawnWith, metric.Series));
    }

    [Fact]
    public void AnUnknownMetricKeepsItsName()
    {
        var metric = Find("my/metric", "ppo");
        Assert.Equal(("my/metric", "", ChartPlace.Folded), (metric.Title, metric.Meaning, metric.Place));
        Assert.Equal("my/metric", Find("eval/my/metric", "ppo").DrawnWith);
    }

    [Fact]
    public void APartOfTheRewardIsExplainedByItsName()
    {
        var metric = Find("eval/rewards/brevity", "ppo");
        Assert.Equal(("Score of the part brevity", "rewards/brevity"), (metric.Title, metric.DrawnWith));
        Assert.StartsWith("The mean score of this part of the reward", metric.Meaning, StringComparison.Ordinal);
    }
}
