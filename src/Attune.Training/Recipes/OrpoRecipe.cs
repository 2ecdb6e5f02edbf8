using Attune.Data;
using Attune.Reporting.Reports;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Fine-tuning of a language model on the chosen responses of comparisons, with a penalty on the rejected ones.</summary>
public sealed record OrpoRecipe : OfflineRecipe<TokenComparisons>
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("orpo")
    {
        NewRecipe = () => new OrpoRecipe(),
        Reads = DataUse.Comparisons,
        Summary = "Fine-tune on chosen responses, with a penalty on rejected ones",
        Example = "attune orpo model=runs/quickstart/1-pretrain/model data.train=data/frontdesk/pairs.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "orpo.beta", "parameters.lora.rank", "training.epochs", "training.batchSize",
            "training.microBatchSize", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "ORPO",
        ReportLead =
            "The model was fine-tuned on the chosen responses of comparisons, with a penalty on the odds of the rejected responses.",
        Metrics =
        [
            new("loss", "ORPO loss", "",
                "The negative log-likelihood of the chosen texts, less β times the log of the odds ratio. Healthy: both curves fall. "
                    + "When the held-out curve rises again, the model overfits."),
            CommonMetrics.NllLoss("chosen"),
            new("log_odds_ratio", "Log of σ(odds ratio)", "nats",
                "log σ of the difference in log-odds, 0 at best and −0.69 for equal odds. Healthy: it rises.")
            {
                Place = ChartPlace.Folded,
            },
            new("log_odds_chosen", "Difference of log-odds", "nats",
                "The log-odds of chosen responses less those of rejected ones. Healthy: above 0 and growing.")
            {
                Place = ChartPlace.Folded,
            },
            CommonMetrics.LogprobOfChosen("nats a token"), CommonMetrics.LogprobOfRejected("nats a token"),
        ],
    };

    public OrpoRecipe() => Run = new() { Output = "runs/orpo" };

    /// <summary>The algorithm.</summary>
    public OrpoOptions Orpo { get; init; } = new();

    protected override TokenComparisons? Encode(Example example, TextEncoder encoder) => encoder.EncodeComparisons(example);

    protected override IObjective<TokenComparisons> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Orpo(policy, Orpo);
}
