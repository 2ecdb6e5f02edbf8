using Attune.Data;
using Attune.Training.Algorithms;
using Attune.Training.Offline;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Preference optimization of a language model on comparisons, without a reward model and without a reference.</summary>
public sealed record CpoRecipe : OfflineRecipe<TokenComparisons>
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("cpo")
    {
        NewRecipe = () => new CpoRecipe(),
        Reads = DataUse.Comparisons,
        Summary = "Fine-tune on comparisons without a reference: CPO, SimPO",
        Example = "attune cpo model=runs/quickstart/2-sft/model data.train=data/frontdesk/pairs.jsonl",
        MainKeys =
        [
            "model", "data.train", "data.heldOut", "cpo.loss", "cpo.beta", "cpo.cpoAlpha", "parameters.lora.rank", "training.epochs",
            "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "CPO",
        ReportLead =
            "The model was trained on comparisons, without a reference, to make chosen responses more likely than rejected ones.",
        Metrics =
        [
            new("loss", "CPO loss", "",
                "The loss of pairs, plus the negative log-likelihood of the chosen responses with its weight. Healthy: both curves "
                    + "fall. When the held-out curve rises again, the model overfits."),
            CommonMetrics.NllLoss("chosen"), CommonMetrics.LogprobOfChosen(""), CommonMetrics.LogprobOfRejected(""),
        ],
    };

    public CpoRecipe() => Run = new() { Output = "runs/cpo" };

    /// <summary>The algorithm.</summary>
    public CpoOptions Cpo { get; init; } = new();

    protected override TokenComparisons? Encode(Example example, TextEncoder encoder) => encoder.EncodeComparisons(example);

    protected override IObjective<TokenComparisons> NewObjective(Policy policy, TrainedParameters trained, Run run) =>
        new Algorithms.Cpo(policy, Cpo);
}
