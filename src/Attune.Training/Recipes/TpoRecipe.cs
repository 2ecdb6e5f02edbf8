using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Preference optimization of a language model on comparisons with a gold response.</summary>
public sealed record TpoRecipe : OfflineRecipe<TokenComparisons>
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("tpo")
    {
        NewRecipe = () => new TpoRecipe(),
        Reads = DataUse.Triples,
        Summary = "Fine-tune on comparisons and a gold response",
        Example = "attune tpo model=runs/quickstart/2-sft/model data.train=data/frontdesk/triples.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "tpo.loss", "tpo.beta", "tpo.tpoAlpha", "parameters.lora.rank", "training.epochs",
            "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "TPO",
        ReportLead =
            "The model was trained on comparisons to make chosen responses more likely than rejected ones, and "
            + "fine-tuned on gold responses.",
        Metrics =
        [
            new("loss", "TPO loss", "",
                "The loss of pairs, plus the negative log-likelihood of the gold responses with its weight. Healthy: both curves fall. "
                    + "When the held-out curve rises again, the model overfits."),
            CommonMetrics.NllLoss("gold"), CommonMetrics.LogprobOfChosen(""), CommonMetrics.LogprobOfRejected(""),
        ],
    };

    public TpoRecipe()
    {
        Run = new() { Output = "runs/tpo" };
        Optimizer = Optimizer with { LearningRate = 5e-7 };
    }

    /// <summary>The algorithm.</summary>
    public TpoOptions Tpo { get; init; } = new();

    protected override TokenComparisons? Encode(Example example, TextEncoder encoder) =>
        encoder.EncodeComparisons(example, withReference: true);

    protected override IObjective<TokenComparisons> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Tpo(policy, Tpo);
}
