using System.ComponentModel.DataAnnotations;
using Attune.Data;
using Attune.Reporting.Reports;
using Attune.Training.Algorithms;
using Attune.Training.OnPolicy;
using Attune.Training.Options;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Distillation of a teacher into a smaller language model by policy gradient on the reverse KL.</summary>
public sealed record MiniLlmRecipe : OnPolicyRecipe
{
    /// <summary>Its description in commands, recipes, help and reports.</summary>
    public static TrainingMethod Method { get; } = new("minillm")
    {
        NewRecipe = () => new MiniLlmRecipe(),
        Reads = DataUse.Prompts,
        Summary = "Distil a teacher by policy gradient",
        Example =
            "attune minillm model=runs/quickstart/1-pretrain/model teacher=runs/quickstart/2-sft/model "
            + "data.train=data/frontdesk/prompts.jsonl",
        MainKeys =
        [
            "model", "teacher", "data.train", "training.steps", "training.batchSize", "minillm.gamma", "sampling.maxNewTokens",
            "rewards", "optimizer.learningRate", "run.output",
        ],
        ReportTitle = "MiniLLM",
        ReportLead =
            "The policy sampled responses to prompts, and tokens that the teacher finds more likely than the policy were made more "
            + "likely.",
        Metrics =
        [
            new("objective/scores", "Score", "points", "The mean score of the responses; 0 without rewards.")
            {
                Place = ChartPlace.Folded,
            },
            new("loss", "Loss", "", "The policy loss, and the reverse KL with minillm.singleStepDecomposition. It falls with the KL.")
            {
                Place = ChartPlace.Folded,
            },
            .. CommonMetrics.OfTeachers,
        ],
    };

    public MiniLlmRecipe()
    {
        Run = new() { Output = "runs/minillm" };
        Training = new() { BatchSize = 16 };
        Updates = new() { SamplesPerPrompt = 8 };
        Kl = new() { Coef = 0, Estimator = Estimation.KlEstimator.K3, In = KlPlace.Loss };
        Optimizer = Optimizer with { LearningRate = 1e-6 };
    }

    /// <summary>A folder with the language model that is learned from. It has the same tokenizer as the model that is trained.</summary>
    [Required(ErrorMessage = "must name a folder with a language model")]
    [ExistingPath(IsModel = true)]
    public string Teacher { get; init; } = "";

    /// <summary>The policy loss, and the advantages of rewards where there are any.</summary>
    public GrpoOptions Grpo { get; init; } = new();

    /// <summary>The algorithm.</summary>
    public MiniLlmOptions Minillm { get; init; } = new();

    protected override bool NeedsRewards => false;

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext))
            yield return result;
        foreach (var result in GrpoRecipe.Validate(Grpo, this))
            yield return result;
        if (Grpo.MaskTruncated)
            yield return Validation.Broken(
                Grpo.MaskTruncated, "must be false: the teacher's distribution is learned at the tokens of all responses");
        if (Grpo.Covariance is { ClipCovRatio: > 0 } or { KlCovRatio: > 0 })
            yield return Validation.Broken(
                Grpo.Covariance, "must have ratios of 0: tokens would be chosen without the teacher's part of the advantages");
        if (!Minillm.RklAdvantage && !Minillm.SingleStepDecomposition)
            yield return Validation.Broken(
                Minillm.RklAdvantage, "must be true where minillm.singleStepDecomposition is false: nothing is learned from the teacher");
    }

    public override IRecipe WithFullPaths() => (MiniLlmRecipe)base.WithFullPaths() with { Teacher = ModelPath.Full(Teacher) };

    protected override IOnPolicyAlgorithm NewAlgorithm(KlPenalty? kl, Policy policy, TrainedParameters trained, Run run) =>
        new MiniLlm(
            Minillm, GrpoRecipe.NewGrpo(Grpo, kl, this, run), policy, Policies.Teacher.Load(Teacher, policy, run), trained,
            AllRewards.Count > 0);
}
