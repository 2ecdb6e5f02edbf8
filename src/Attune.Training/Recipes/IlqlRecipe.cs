using Attune.Data;
using Attune.Models;
using Attune.Models.Heads;
using Attune.Reporting.Reports;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Offline reinforcement learning of a language model from responses with rewards, by ILQL.</summary>
public sealed record IlqlRecipe : OfflineRecipe<TokenRewards>
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("ilql")
    {
        NewRecipe = () => new IlqlRecipe(),
        Reads = DataUse.Rewards,
        Summary = "Learn from responses with rewards, without sampling",
        Example = "attune ilql model=runs/quickstart/2-sft/model data.train=data/frontdesk/rankings.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "ilql.tau", "ilql.alpha", "ilql.advantageBeta", "responses.prompts",
            "training.epochs", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "ILQL",
        ReportLead =
            "The model learned the values of tokens from responses with rewards; it makes tokens of high value more likely when it "
            + "generates.",
        Metrics =
        [
            new("loss", "Loss", "",
                "The sum of the losses of Q, value, CQL and AWAC with their weights. Healthy: both curves fall. When the held-out "
                    + "curve rises again, the model overfits."),
            new("loss/q", "Q loss", "reward²",
                "The squared error of the Q values against reward and next value, added up over the Q heads. Healthy: it falls."),
            new("loss/value", "Value loss", "reward²", "The expectile loss of the values. Healthy: it falls, then stays.")
            {
                Place = ChartPlace.Folded,
            },
            new("loss/cql", "CQL loss", "nats a token",
                "The cross-entropy of the response tokens under softmax(Q), added up over the Q heads. Healthy: it falls.")
            {
                Place = ChartPlace.Folded,
            },
            new("loss/awac", "AWAC loss", "nats a token",
                "The cross-entropy of the response tokens under the policy, weighted. Healthy: it falls, then stays."),
            .. ValueMetrics,
            .. Distribution("advantages", "Advantages of response tokens", "reward",
                "Q − V of the target heads; generation adds advantageBeta times it. Healthy: on both sides of 0. The larger its standard "
                    + "deviation, the more a β changes."),
            .. Distribution("awac_weight", "Weight of AWAC", "",
                "exp(β (Q − V)); 1 where β is 0. It is not clipped. Healthy: a mean near 1; above 10 a few tokens count only."),
        ],
    };

    /// <summary>Metrics of V and of the Q heads, each statistic of all of them in one chart.</summary>
    static IEnumerable<Metric> ValueMetrics =>
        from statistic in new (string Name, string Title, string Meaning)[]
        {
            ("mean", "Values and Q values of response tokens",
                "Healthy: the values are a little above the Q values for τ above 0.5, and both stay within the rewards of the data."),
            ("std", "Standard deviation of values and Q values", "Healthy: it rises as the heads learn, then stays."),
            ("min", "Lowest value and Q value", "Healthy: it stays near the lowest return of the data."),
            ("max", "Highest value and Q value", "Healthy: it stays near the highest return of the data."),
        }
        from head in new (string Name, string Series)[] { ("values", "V"), ("qvalues/0", "Q, first head"), ("qvalues/1", "Q, second head") }
        select new Metric($"{head.Name}/{statistic.Name}", statistic.Title, "reward", statistic.Meaning)
        {
            Place = ChartPlace.Folded, Series = head.Series, DrawnWith = head.Name == "values" ? null : $"values/{statistic.Name}",
        };

    /// <summary>Mean, standard deviation, minimum and maximum in one chart.</summary>
    static IEnumerable<Metric> Distribution(string name, string title, string unit, string meaning) =>
        from statistic in new (string Name, string Series)[]
        {
            ("mean", "mean"), ("std", "standard deviation"), ("min", "lowest"), ("max", "highest"),
        }
        select new Metric($"{name}/{statistic.Name}", title, unit, meaning)
        {
            Place = ChartPlace.Folded, Series = statistic.Series, DrawnWith = statistic.Name == "mean" ? null : $"{name}/mean",
        };

    public IlqlRecipe()
    {
        Run = new() { Output = "runs/ilql" };
        Optimizer = new() { LearningRate = 5e-5, Schedule = new() { Kind = ScheduleKind.Constant } };
    }

    /// <summary>The algorithm, and how its model generates.</summary>
    public IlqlOptions Ilql { get; init; } = new();

    protected override IReadOnlyList<double> FurtherBetas => Ilql.Betas;

    protected override LanguageModel LoadModel(Run run)
    {
        var model = ModelFolder.LoadWithIlqlHeads(Model, run);
        model.RemoveHead(ValueHead.Name);
        IlqlHeads.AddTo(model, Ilql.TwoQs, run.Random);
        model.Advantage = new(Ilql.AdvantageBeta, Ilql.TopK);
        return model;
    }

    protected override TokenRewards? Encode(Example example, TextEncoder encoder) => encoder.EncodeRewards(example);

    protected override IObjective<TokenRewards> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Ilql(policy.Model, policy.Tokenizer, Ilql);
}
